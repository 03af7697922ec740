import { expect, test } from "vitest";
import { readBacktrace } from "./backtrace.ts";

test("reads a module a line and finds the first bad one", () => {
  const frames = readBacktrace(
    [
      "#0 embed (Embedding) output abs_max=0.08 finite=true",
      "#1 blocks.1.up (Linear) input abs_max=3.2 finite=true output nan=64 inf=0 of=4096",
      "#2  (GPT) gradient abs_max=inf nan=0 inf=3",
      "#3 encoder (Encoder) input abs_max=8.7 finite=true running",
      "something else",
    ].join("\n"),
  );
  expect(frames.map(({ path, className, bad }) => [path, className, bad])).toEqual([
    ["embed", "Embedding", false],
    ["blocks.1.up", "Linear", true],
    ["(the model)", "GPT", true],
    ["encoder", "Encoder", false],
  ]);
  expect(frames.map(({ running }) => running)).toEqual([false, false, false, true]);
  expect(frames[1]?.facts).toContainEqual({ of: "output", text: "nan 64", bad: true });
});

test("another text has no frames", () => {
  expect(readBacktrace("Traceback (most recent call last):\n  File x")).toEqual([]);
});
