import { expect, test } from "vitest";
import { say } from "./numbers.ts";

test.each([
  [0, "0"],
  [0.847_55, "0.8476"],
  [262_144, "262144"],
  [0.0001, "0.0001"],
  [0.000_004_507, "4.51e-6"],
  [3.0172e10, "3.02e10"],
  [-1e9, "-1e9"],
  [Number.NaN, "NaN"],
  [Number.NEGATIVE_INFINITY, "-Infinity"],
])("%s is said as %s", (value, text) => {
  expect(say(value)).toBe(text);
});
