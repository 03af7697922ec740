/** Finds and parses the TypeScript of this repository for the checks beside this file. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { parseSync, type ParseResult } from "oxc-parser";

const skipped = /(^|\/)(node_modules|dist|\.venv[^/]*|__pycache__)(\/|$)/;

/** Paths relative to `root` with `/`, sorted. Folders that do not exist hold no files. */
export function filesUnder(root: string, folders: readonly string[], extension: RegExp): string[] {
  const found = folders.flatMap((folder) => {
    const absolute = join(root, folder);
    return entriesOf(absolute).map((entry) => relative(root, join(absolute, entry)).replaceAll("\\", "/"));
  });
  return found.filter((file) => extension.test(file) && !skipped.test(file)).toSorted();
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: "utf8" });
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT") return [];
    throw thrown;
  }
}

export function parseFile(path: string): ParseResult {
  const result = parseSync(path, readFileSync(path, "utf8"));
  const [error] = result.errors;
  if (error !== undefined) throw new Error(`${path}: ${error.message}`);
  return result;
}

/** A syntax node as ESTree spells it; the checks look only at `type` and a few string fields. */
export interface SyntaxNode {
  readonly type: string;
  readonly [field: string]: unknown;
}

export const isNode = (value: unknown): value is SyntaxNode =>
  typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";

/** Calls `visit` for `value` and every node below it. */
export function walk(value: unknown, visit: (node: SyntaxNode) => void): void {
  if (Array.isArray(value)) for (const item of value) walk(item, visit);
  else if (isNode(value)) {
    visit(value);
    for (const child of Object.values(value)) if (typeof child === "object" && child !== null) walk(child, visit);
  }
}
