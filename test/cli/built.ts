import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, rmdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));
const entry = join(root, "dist/cli/main.js");
const lock = join(root, "dist/.building");
/** A build that takes longer has died and left its lock. */
const longestBuildMs = 180_000;

/** Builds dist once when it is older than the sources; test files that run at the same time wait for the one that builds. */
export function ensureBuilt(): void {
  mkdirSync(join(root, "dist"), { recursive: true });
  while (isStale()) {
    if (takeLock()) {
      try {
        if (isStale())
          execFileSync("npm", ["run", "build:node"], { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
      } finally {
        rmdirSync(lock);
      }
      return;
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  }
}

function takeLock(): boolean {
  try {
    mkdirSync(lock);
    return true;
  } catch {
    const age = Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > longestBuildMs) rmdirSync(lock);
    return false;
  }
}

function isStale(): boolean {
  const built = statSync(entry, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts") && !path.startsWith("web") && !path.endsWith(".test.ts"))
    .map((path) => statSync(join(root, "src", path), { throwIfNoEntry: false })?.mtimeMs ?? 0);
  return sources.reduce((a, b) => Math.max(a, b), 0) > built;
}
