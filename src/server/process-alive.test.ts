import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { expect, it } from "vitest";
import { isAlive } from "./process-alive.ts";

it("knows a running process from one that ended", async () => {
  expect(isAlive(process.pid)).toBe(true);
  expect(isAlive(process.pid, Date.now())).toBe(true);
  const child = spawn(process.execPath, ["-e", ""]);
  const pid = child.pid ?? 0;
  await once(child, "exit");
  expect(isAlive(pid)).toBe(false);
});

it("counts a process of another user as running", () => {
  expect(isAlive(1)).toBe(true);
});

it("does not take a newer process for the old one of the same number", (context) => {
  if (!existsSync("/proc/self/stat")) context.skip("this system has no /proc to read start times from");
  expect(isAlive(process.pid, Date.now() - 7 * 24 * 3_600_000)).toBe(false);
});
