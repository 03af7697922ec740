import { expect, test } from "vitest";
import { benjaminiHochberg, holm } from "./multiple.ts";

const p = [0.01, 0.04, 0.03, 0.005, 0.55, 0.04, 1, 0.0001];
const rounded = (values: readonly number[]): number[] => values.map((value) => Number(value.toFixed(12)));

test("q-values are those of scipy 1.17.1, false_discovery_control(p)", () => {
  const expected = [0.026666666667, 0.053333333333, 0.053333333333, 0.02, 0.628571428571, 0.053333333333, 1, 0.0008];
  expect(rounded(benjaminiHochberg(p))).toEqual(expected);
});

test("Holm's p-values, worked out by hand from the definition", () => {
  expect(rounded(holm(p))).toEqual([0.06, 0.16, 0.15, 0.035, 1, 0.16, 1, 0.0008]);
});

test("one test needs no correction, none gives none", () => {
  expect([benjaminiHochberg([0.03]), holm([0.03])]).toEqual([[0.03], [0.03]]);
  expect([benjaminiHochberg([]), holm([])]).toEqual([[], []]);
});
