import { expect, test } from "vitest";
import { readBacktrace, readFirstTensor } from "./backtrace.ts";

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
  expect(frames[1]?.facts).toEqual([
    { of: "input", text: "abs max 3.2", bad: false },
    { of: "input", text: "finite", bad: false },
    { of: "output", text: "nan 64", bad: true },
  ]);
});

test("another text has no frames", () => {
  expect(readBacktrace("Traceback (most recent call last):\n  File x")).toEqual([]);
});

test("says the first bad tensor in words", () => {
  const message =
    "first non-finite tensor layer=blocks.1.mlp phase=forward tensor=output class=MLP nan=3 inf=0 of=64 input_finite=true input_abs_max=2.5 producer=blocks.1.attn";
  expect(readFirstTensor(message)).toBe(
    "The output of blocks.1.mlp (MLP) in the forward pass: 3 NaN of 64 numbers. What went in was finite, at most 2.5. It came from blocks.1.attn.",
  );
  expect(
    readFirstTensor(
      "first non-finite tensor layer=head/kernel phase=optimizer tensor=weight class=- nan=0 inf=2 of=8 input_finite=- input_abs_max=- producer=-",
    ),
  ).toBe("The weight of head/kernel in the optimizer's step: 2 infinite of 8 numbers.");
  expect(readFirstTensor("first non-finite tensor somewhere")).toBeUndefined();
});
