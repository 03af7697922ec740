/**
 * Ratchets: files stay short, and the ways around the type checker and the linter become fewer.
 * A count below its budget fails too and asks for the budget to be lowered, so that no gain is lost.
 */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { filesUnder, isNode, parseFile, walk } from "./sources.ts";

export const folders: readonly string[] = ["src", "tools", "test", "benchmarks", "examples", "sdks/js", "sdks/python"];
export const maxLines = 400;

/** Longer files and their greatest length. Entries may be lowered or removed, never added or raised. */
export const longFiles: Readonly<Record<string, number>> = {};

/** How often each may occur in all of `folders` together. May only be lowered. */
export const budget: Escapes = { any: 0, doubleCast: 2, nonNull: 0, suppression: 1 };

/** Ways around the type checker and the linter. */
export interface Escapes {
  readonly any: number;
  /** `as unknown as`. */
  readonly doubleCast: number;
  /** The postfix `!`. */
  readonly nonNull: number;
  /** Comments that switch off the linter or the compiler for a place. */
  readonly suppression: number;
}

export interface SizeCheck {
  readonly files: number;
  readonly lines: number;
  readonly problems: readonly string[];
}

interface Limits {
  readonly longFiles: Readonly<Record<string, number>>;
  readonly budget: Escapes;
}

export function checkSize(root: string, limits: Limits): SizeCheck {
  const files = filesUnder(root, folders, /\.(tsx?|mjs|js|css|py)$/);
  if (files.length === 0) throw new Error(`no source under ${root}: the check would pass on nothing`);
  const problems: string[] = [];
  const lengths = new Map(files.map((file) => [file, lineCount(join(root, file))]));
  for (const [file, length] of lengths) {
    const allowed = limits.longFiles[file] ?? maxLines;
    if (length > allowed) problems.push(`${file}: ${length} lines, at most ${allowed}: split it by noun`);
  }
  for (const [file, allowed] of Object.entries(limits.longFiles)) {
    const length = lengths.get(file);
    if (length === undefined || length <= maxLines) problems.push(`${file}: no longer long, remove it from longFiles`);
    else if (length < allowed) problems.push(`${file}: now ${length} lines, lower its entry in longFiles`);
  }
  const where = files
    .filter((file) => /\.tsx?$/.test(file))
    .map((file) => ({ file, ...countEscapes(join(root, file)) }));
  for (const kind of escapeKinds) {
    const total = where.reduce((sum, counts) => sum + counts[kind], 0);
    const places = where.flatMap((counts) => (counts[kind] > 0 ? [`${counts.file} (${counts[kind]})`] : []));
    if (total > limits.budget[kind])
      problems.push(`${kind}: ${total}, at most ${limits.budget[kind]}: ${places.join(", ")}`);
    if (total < limits.budget[kind]) problems.push(`${kind}: now ${total}, lower its budget in tools/check-size.ts`);
  }
  return { files: files.length, lines: [...lengths.values()].reduce((a, b) => a + b, 0), problems };
}

const escapeKinds = ["any", "doubleCast", "nonNull", "suppression"] as const;

const lineCount = (path: string): number => readFileSync(path, "utf8").split("\n").length - 1;

const suppression = /oxlint-disable|eslint-disable|@ts-(ignore|expect-error|nocheck)/;

export function countEscapes(path: string): Escapes {
  const { program, comments } = parseFile(path);
  const counts = { any: 0, doubleCast: 0, nonNull: 0, suppression: 1 };
  walk(program, (node) => {
    if (node.type === "TSAnyKeyword") counts.any += 1;
    if (node.type === "TSNonNullExpression") counts.nonNull += 1;
    if (node.type !== "TSAsExpression") return;
    const { expression } = node;
    if (!isNode(expression) || expression.type !== "TSAsExpression") return;
    const { typeAnnotation } = expression;
    if (isNode(typeAnnotation) && typeAnnotation.type === "TSUnknownKeyword") counts.doubleCast += 1;
  });
  counts.suppression = comments.filter((comment) => suppression.test(comment.value)).length;
  return counts;
}

function main(): void {
  const { files, lines, problems } = checkSize(resolve(import.meta.dirname, ".."), { longFiles, budget });
  for (const problem of problems) console.error(problem);
  console.log(`${files} files, ${lines} lines, ${problems.length} over or under their limit`);
  if (problems.length > 0) process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
