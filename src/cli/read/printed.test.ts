import { expect, test } from "vitest";
import { isSamePrinted, precisionOfAll, roundingOf } from "./printed.ts";

test("a printed value and the exact one", () => {
  expect(isSamePrinted(0.033, 0.03252854)).toBe(true);
  expect(isSamePrinted(0.03252854, 0.034)).toBe(false);
  expect(isSamePrinted(1.667e-5, 1.66666e-5)).toBe(true);
  expect(isSamePrinted(Number.NaN, Number.NaN)).toBe(true);
  expect(isSamePrinted(Number.NaN, 1)).toBe(false);
  expect(isSamePrinted(Infinity, 1)).toBe(false);
});

test("zeros that printing drops are known from the other values", () => {
  // %.4g prints 1.990 as 1.99.
  const precision = precisionOfAll([5.406, 1.99, 0.6766]);
  expect(roundingOf(1.99, precision)).toBeCloseTo(0.0005, 5);
  expect(roundingOf(0.6766, precision)).toBeCloseTo(0.00005, 6);
});
