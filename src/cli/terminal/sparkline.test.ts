import { expect, test } from "vitest";
import { sparkline } from "./sparkline.ts";

const curve = (value: number[]) => ({ label: "loss", step: value.map((_, i) => i * 10), value });

test("a single-step spike in a long curve is seen", () => {
  const value = Array.from({ length: 10_000 }, () => 1);
  value[4321] = 50;
  const { bars } = sparkline(curve(value), 40, { unicode: true });
  expect(bars).toBe(`${"▁".repeat(17)}█${"▁".repeat(22)}`);
});

test("a value that is not finite shows in its bucket, whatever else is there", () => {
  const value = Array.from({ length: 400 }, (_, i) => 400 - i);
  value[205] = Number.NaN;
  value[399] = Number.POSITIVE_INFINITY;
  const { bars } = sparkline(curve(value), 40, { unicode: true });
  expect(Array.from(bars).flatMap((bar, i) => (bar === "×" ? [i] : []))).toEqual([20, 39]);
});

test("the mark is the bucket of the first point at or after the step", () => {
  const rising = curve(Array.from({ length: 100 }, (_, i) => i));
  expect(sparkline(rising, 10, { unicode: true, mark: 500 }).mark).toBe(5);
  expect(sparkline(rising, 10, { unicode: true, mark: 5000 }).mark).toBeUndefined();
  expect(sparkline(rising, 10, { unicode: true, mark: null }).mark).toBeUndefined();
});

test("ASCII where the terminal has no blocks; few and no points", () => {
  expect(sparkline(curve([1, 2, 3, 4]), 40, { unicode: false }).bars).toMatch(/^[_.:=+*#-]{4}$/);
  expect(sparkline(curve([]), 40, { unicode: true })).toEqual({ bars: "", mark: undefined });
  expect(sparkline(curve([2, 2, 2]), 40, { unicode: true }).bars).toBe("▁▁▁");
});

test("values over more than three decades are drawn by logarithm", () => {
  const { bars } = sparkline(curve([1, 10, 100, 1000, 10_000]), 40, { unicode: true });
  expect(new Set(bars).size).toBe(5);
});
