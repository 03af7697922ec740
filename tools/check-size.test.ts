import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { budget, checkSize, longFiles, maxLines } from "./check-size.ts";

const none = { any: 0, doubleCast: 0, nonNull: 0, suppression: 0 };
const line = "export const a = 1;\n";
let root = "";

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "check-size-"));
  mkdirSync(join(root, "src"));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

const plant = (name: string, text: string): void => writeFileSync(join(root, "src", name), text);
const problems = (limits = { longFiles: {}, budget: none }): readonly string[] => checkSize(root, limits).problems;

test("the repository keeps to its limits", () => {
  const { files, problems: found } = checkSize(resolve(import.meta.dirname, ".."), { longFiles, budget });
  expect(found).toEqual([]);
  expect(files).toBeGreaterThan(20);
});

test("nothing to look at is an error", () => {
  expect(() => problems()).toThrow("no source");
});

test("a file over the limit is found, one at the limit is not", () => {
  plant("at.ts", line.repeat(maxLines));
  plant("over.ts", line.repeat(maxLines + 1));
  expect(problems()).toEqual([expect.stringContaining("src/over.ts: 401 lines")]);
});

test("an exception only shrinks", () => {
  plant("long.ts", line.repeat(500));
  expect(problems({ longFiles: { "src/long.ts": 500 }, budget: none })).toEqual([]);
  expect(problems({ longFiles: { "src/long.ts": 499 }, budget: none })).toHaveLength(1);
  expect(problems({ longFiles: { "src/long.ts": 501 }, budget: none })[0]).toContain("lower its entry");
  expect(problems({ longFiles: { "src/long.ts": 500, "src/gone.ts": 500 }, budget: none })[0]).toContain("remove it");
});

test.each([
  ["any", "export const f = (x: any) => x;"],
  ["doubleCast", "export const n = 'a' as unknown as number;"],
  ["nonNull", "export const first = (list: string[]) => list[0]!;"],
  ["suppression", `// ${"@ts-"}expect-error wrong on purpose\nexport const n: number = 'a';`],
  ["suppression", `/* ${"oxlint"}-disable */\nexport const a = 1;`],
])("one %s too many is found, and one too few asks to lower the budget", (kind, text) => {
  plant("planted.ts", text);
  expect(problems()).toEqual([expect.stringContaining(`${kind}: 1, at most 0: src/planted.ts (1)`)]);
  expect(problems({ longFiles: {}, budget: { ...none, [kind]: 1 } })).toEqual([]);
  expect(problems({ longFiles: {}, budget: { ...none, [kind]: 2 } })).toEqual([
    expect.stringContaining("lower its budget"),
  ]);
});

test("the words in texts and comments do not count", () => {
  plant(
    "innocent.ts",
    "// any as unknown as x!\nexport const text = 'any as unknown as x!'; export const not = !text;\n",
  );
  expect(problems()).toEqual([]);
});
