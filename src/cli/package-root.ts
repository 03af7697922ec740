import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { assert } from "../base/assert.ts";

/** A file or folder of this package, wherever the code that asks was built to. */
export const inPackage = (...path: readonly string[]): string => join(packageRoot(), ...path);

export function packageVersion(): string {
  return /"version":\s*"([^"]+)"/.exec(readFileSync(inPackage("package.json"), "utf8"))?.[1] ?? "unknown";
}

/** The nearest folder above this file whose package.json is llmdbg's. */
function packageRoot(): string {
  for (let up = 1; up <= 5; up += 1) {
    const folder = fileURLToPath(new URL("../".repeat(up), import.meta.url));
    if (isOurs(join(folder, "package.json"))) return folder;
  }
  assert(false, "no package.json above the code");
}

function isOurs(path: string): boolean {
  try {
    return /"name":\s*"llmdbg"/.test(readFileSync(path, "utf8"));
  } catch {
    // None in this folder.
    return false;
  }
}
