import { expect, test } from "vitest";
import { pieces } from "./breaks.ts";

test("long words may break after their separators, short ones and prose do not", () => {
  expect(pieces("layer/non_finite{layer=encoder.0.attention}")).toEqual([
    "layer/",
    "non_",
    "finite{",
    "layer=",
    "encoder.",
    "0.",
    "attention}",
  ]);
  expect(pieces("loss rose at 0.5, e.g. here").filter((piece) => /\S/.test(piece))).toEqual([
    "loss",
    "rose",
    "at",
    "0.5,",
    "e.g.",
    "here",
  ]);
});

test("nothing is lost", () => {
  const text = "  python train.py --output_dir /mnt/a-long/path/of/things\n next";
  expect(pieces(text).join("")).toBe(text);
});
