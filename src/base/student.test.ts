import { expect, test } from "vitest";
import { studentQuantile, twoSidedTail } from "./student.ts";

// Printed tables of Student's t, two-sided.
test.each([
  [0.95, 1, 12.7062047],
  [0.95, 2, 4.30265273],
  [0.95, 4, 2.77644511],
  [0.95, 30, 2.04227246],
  [0.99, 2, 9.92484],
])("quantile of level %d with %d degrees of freedom", (level, df, expected) => {
  expect(studentQuantile(level, df)).toBeCloseTo(expected, 3);
});

test("tail and quantile are inverse to each other", () => {
  for (const df of [1, 2, 3.7, 20, 400]) expect(twoSidedTail(studentQuantile(0.9, df), df)).toBeCloseTo(0.1, 9);
});

test("the tail is 1 at 0 and falls", () => {
  expect(twoSidedTail(0, 5)).toBe(1);
  expect(twoSidedTail(2, 5)).toBeCloseTo(0.101939, 5);
});
