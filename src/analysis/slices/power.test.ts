import { expect, test } from "vitest";
import { rowsNeeded, visibleDifference } from "./power.ts";

const rows = (share: number, difference: number, tests: number): number =>
  rowsNeeded({ share }, difference, { alpha: 0.05 / tests, power: 0.8 });

// Two-sided at 5 %, power 80 %; corrected for 1, 100 and 10,000 tests.
test.each([
  [0.12, 0.05, [364, 838, 1296]],
  [0.12, 0.1, [98, 219, 336]],
  [0.12, 0.2, [27, 59, 88]],
  [0.05, 0.05, [185, 409, 623]],
  [0.05, 0.1, [53, 113, 168]],
  [0.3, 0.1, [172, 403, 628]],
])("errors of %d and a difference of %d", (share, difference, expected) =>
  expect([1, 100, 10_000].map((tests) => rows(share, difference, tests))).toEqual(expected),
);

test("real errors: 32 examples for half a standard deviation", () => {
  expect(rowsNeeded({ deviation: 2 }, 1)).toBe(32);
  expect(visibleDifference({ deviation: 2 }, 32)).toBeCloseTo(0.99, 2);
});

test("the visible difference is the one whose rows are given", () => {
  for (const share of [0.01, 0.12, 0.4]) {
    const visible = visibleDifference({ share }, 300) ?? Number.NaN;
    expect(rowsNeeded({ share }, visible)).toBe(300);
  }
});

test("too few examples show nothing", () => {
  expect(visibleDifference({ share: 0.5 }, 2)).toBeNull();
  expect(visibleDifference({ share: 1 }, 1000)).toBeNull();
  expect(visibleDifference({ deviation: 1 }, 0.5)).toBeNull();
});
