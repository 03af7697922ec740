import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { commands } from "../../src/cli/commands/index.ts";
import { root } from "./built.ts";
import { llmdbg, workplace } from "./llmdbg.ts";

workplace();

test("every command of the folder is in the list, under its own name", () => {
  const files = readdirSync(join(root, "src/cli/commands")).flatMap((name) =>
    name === "index.ts" ? [] : [name.replace(/\.ts$/, "")],
  );
  expect(commands.map(({ id }) => id).toSorted()).toEqual(files.toSorted());
  expect(files.length).toBeGreaterThan(5);
});

test("help of all", async () => {
  const { status, stdout, stderr } = await llmdbg(["--help"]);
  expect([status, stderr]).toEqual([0, ""]);
  await expect(stdout).toMatchFileSnapshot("golden/help.txt");
  expect((await llmdbg([])).stdout).toBe(stdout);
});

test.each(commands.map(({ id }) => id))("help of %s, with an example and --json", async (id) => {
  const { status, stdout } = await llmdbg([id, "--help"]);
  expect(status).toBe(0);
  expect(stdout).toMatch(/Examples?:\n {2}\$ llmdbg /);
  expect(stdout).toContain("--json");
  await expect(stdout).toMatchFileSnapshot(`golden/help-${id}.txt`);
});

test.each([
  [["diagnos"], "unknown command 'diagnos' (Did you mean diagnose?)"],
  [["diagnose", "--jsn", "x"], "unknown option '--jsn' (Did you mean --json?)"],
  [["diagnose"], "missing required argument 'path|run'"],
  [["diagnose", "x", "--fail-on", "bad"], "argument 'bad' is invalid"],
  [["serve", "--port", "abc"], "--port: must be a number from 0 to 65535"],
  [["run"], "missing required argument 'command'"],
  [["import"], "missing required argument 'path'"],
])("bad usage %j is one line on stderr and status 2", async (args, message) => {
  const { status, stdout, stderr } = await llmdbg(args);
  expect([status, stdout]).toEqual([2, ""]);
  expect(stderr).toContain(message);
  expect(stderr.trim().split("\n")).toHaveLength(1);
});

test("the version is the package's", async () => {
  expect((await llmdbg(["--version"])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});
