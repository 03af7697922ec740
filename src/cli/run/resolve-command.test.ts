import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { resolveCommand } from "./resolve-command.ts";

const directory = mkdtempSync(join(tmpdir(), "llmdbg-resolve-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test("passes over directories of PATH that cannot be looked into, as a shell does", () => {
  const loop = join(directory, "loop");
  symlinkSync(loop, loop);
  writeFileSync(join(directory, "train"), "#!/bin/sh\n", { mode: 0o755 });
  const path = [loop, "", directory].join(delimiter);
  expect(resolveCommand("train", path, directory)).toEqual({ path: join(directory, "train") });
  expect(resolveCommand("no-such-command", path, directory)).toMatchObject({ exitCode: 127 });
});

test("a file that is not executable is told apart from one that is not there", () => {
  writeFileSync(join(directory, "script.py"), "", { mode: 0o644 });
  expect(resolveCommand("./script.py", undefined, directory)).toMatchObject({ exitCode: 126 });
});
