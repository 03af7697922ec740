import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { scaffoldRule, withRule } from "./new.ts";

const repository = resolve(import.meta.dirname, "..");
let root = "";

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "new-rule-"));
  for (const folder of ["base", "model", "analysis"])
    cpSync(join(repository, "src", folder), join(root, "src", folder), { recursive: true });
  mkdirSync(join(root, "docs/rules"), { recursive: true });
  for (const file of ["package.json", "tsconfig.base.json", "tsconfig.pure.json"])
    cpSync(join(repository, file), join(root, file));
  symlinkSync(join(repository, "node_modules"), join(root, "node_modules"));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

const read = (path: string): string => readFileSync(join(root, path), "utf8");
const execute = (program: string, ...args: string[]) =>
  spawnSync(join(repository, "node_modules/.bin", program), args, { cwd: root, encoding: "utf8" });
const runTest = (id: string) => execute("vitest", "run", "--root", root, `src/analysis/rules/${id}.test.ts`);

test(
  "the walk-through of CONTRIBUTING.md makes a rule that compiles and passes its tests",
  { timeout: 120_000 },
  () => {
    scaffoldRule(root, "learning-rate-zero");
    expect(runTest("learning-rate-zero").status, "the scaffold asks for its rule to be written").not.toBe(0);
    const page = readFileSync(join(repository, "CONTRIBUTING.md"), "utf8");
    const listings = [...page.matchAll(/^```ts (\S+)\n([\s\S]*?)^```$/gm)];
    expect(listings).toHaveLength(2);
    for (const [, path = "", text = ""] of listings) {
      expect(existsSync(join(root, path)), `${path} was made by the scaffold`).toBe(true);
      writeFileSync(join(root, path), text);
    }
    expect(execute("tsc", "-p", "tsconfig.pure.json").stdout).toBe("");
    const { status, stdout } = runTest("learning-rate-zero");
    expect(stdout).toMatch(/Tests.*4 passed/);
    expect(status).toBe(0);
  },
);

test("the scaffold compiles as it is and is listed", { timeout: 60_000 }, () => {
  const written = scaffoldRule(root, "dead-loss");
  expect(written).toEqual([
    "src/analysis/rules/dead-loss.ts",
    "src/analysis/rules/dead-loss.test.ts",
    "docs/rules/dead-loss.md",
    "src/analysis/rules/index.ts",
  ]);
  expect(read("src/analysis/rules/index.ts")).toMatch(/^ {2}deadLoss,\n\];$/m);
  expect(execute("tsc", "-p", "tsconfig.pure.json").stdout).toBe("");
});

test.each(["Loss", "loss", "../loss-spike", "loss--spike", "", "check loss"])("%j is refused as an id", (id) => {
  expect(() => scaffoldRule(root, id)).toThrow("no rule id");
});

test("a rule that exists is not overwritten", () => {
  const before = read("src/analysis/rules/index.ts");
  scaffoldRule(root, "dead-loss");
  expect(() => scaffoldRule(root, "dead-loss")).toThrow("already there");
  expect(read("src/analysis/rules/index.ts").split("\n")).toHaveLength(before.split("\n").length + 2);
});

test("the import goes where the alphabet puts it", () => {
  const list = `import type { Rule } from "../rule.ts";\nimport { b } from "./b.ts";\nimport { d } from "./d.ts";\n\nexport const rules: readonly Rule[] = [\n  d,\n  b,\n];\n`;
  const lines = (id: string): string[] => withRule(list, id).split("\n");
  expect(lines("a-a")[1]).toBe(`import { aA } from "./a-a.ts";`);
  expect(lines("c-c")[2]).toBe(`import { cC } from "./c-c.ts";`);
  expect(lines("e-e")[3]).toBe(`import { eE } from "./e-e.ts";`);
  expect(withRule(list, "a-a")).toContain("  d,\n  b,\n  aA,\n];\n");
});
