import { expect, test } from "vitest";
import { differenceOf } from "./difference.ts";
import { allRows } from "./made.fixture.ts";

const shares = (wrong: number, n: number): number[] => Array.from({ length: n }, (_, index) => (index < wrong ? 1 : 0));

function compare(
  inside: readonly number[],
  outside: readonly number[],
  groupOf: ((row: number) => string) | null = null,
) {
  const errors = Float64Array.from([...inside, ...outside]);
  return differenceOf(errors, allRows(errors.length), (row) => row < inside.length, groupOf);
}

test("shares: Fisher's test against one side, and Newcombe's interval", () => {
  // The interval of 56 of 70 against 48 of 80 is printed in Newcombe (1998), method 10.
  const { low, high, p, difference, n } = compare(shares(56, 70), shares(48, 80));
  expect([n, difference]).toEqual([70, expect.closeTo(0.2, 12)]);
  expect([low, high]).toEqual([expect.closeTo(0.0524, 4), expect.closeTo(0.3339, 4)]);
  // scipy 1.17.1: fisher_exact([[56, 14], [48, 32]], alternative="greater")[1]
  expect(p).toBeCloseTo(0.006324711129898369, 10);
});

test("numbers: Welch's test and interval", () => {
  // scipy 1.17.1: r = ttest_ind(a, b, equal_var=False, alternative="greater"); interval of the two-sided one.
  const a = [0.9, 0.4, 0.7, 0.8, 0.35];
  const b = [0.1, 0.3, 0.2, 0.45, 0.15, 0.25, 0.5];
  const { low, high, p } = compare(a, b);
  expect(p).toBeCloseTo(0.014027780427859864, 10);
  expect([low, high]).toEqual([expect.closeTo(0.05245757040715954, 8), expect.closeTo(0.6503995724499834, 8)]);
});

test("groups: a hundred copies of four examples say no more than the four", () => {
  const groupOf = (row: number): string => (row < 200 ? `a${row % 2}` : `b${row % 20}`);
  const inside = shares(100, 200);
  const outside = shares(60, 1000);
  expect(compare(inside, outside).p).toBeLessThan(1e-20);
  expect(compare(inside, outside, (row) => (row < 200 ? (row < 100 ? "a" : "b") : groupOf(row))).p).toBeGreaterThan(
    0.05,
  );
});

test("an empty slice, and one of everything, has no difference", () => {
  expect(compare([], [0, 1]).p).toBe(1);
  expect(compare([0, 1], [])).toMatchObject({ p: 1, n: 2 });
});
