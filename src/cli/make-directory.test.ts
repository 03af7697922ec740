import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { AppError } from "../base/errors.ts";
import { makeDataDirectory, makeDirectory } from "./make-directory.ts";

const place = mkdtempSync(join(tmpdir(), "llmdbg-make-"));
afterAll(() => rmSync(place, { recursive: true, force: true }));

test("makes the parents too, for this user alone, and twice is no error", () => {
  const path = join(place, "a", "b", "c");
  makeDirectory(path);
  makeDirectory(path);
  expect(statSync(path).mode & 0o777).toBe(0o700);
});

test("where none can be made it says so, and never waits for one", () => {
  const file = join(place, "file");
  writeFileSync(file, "");
  const impossible = [join(file, "data"), ...(existsSync("/proc/self") ? ["/proc/llmdbg/data"] : [])];
  for (const path of impossible) {
    expect(() => makeDataDirectory(path)).toThrow(AppError);
    expect(() => makeDataDirectory(path)).toThrow(/cannot be made.*set LLMDBG_DIR or pass --dir/);
  }
});
