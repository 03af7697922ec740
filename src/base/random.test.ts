import { expect, test } from "vitest";
import { Random } from "./random.ts";

test("the same seed gives the same numbers, neighbouring seeds others", () => {
  const first = (seed: number): number[] => {
    const random = new Random(seed);
    return Array.from({ length: 5 }, () => random.bits());
  };
  expect(first(1)).toEqual(first(1));
  expect(first(1).filter((bits) => first(2).includes(bits))).toEqual([]);
});

test("is uniform: each tenth holds a tenth, and neighbours are not related", () => {
  const random = new Random(7);
  const counts = new Float64Array(100);
  let before = random.below(10);
  for (let i = 0; i < 100_000; i += 1) {
    const value = random.below(10);
    const cell = before * 10 + value;
    counts[cell] = (counts[cell] ?? 0) + 1;
    before = value;
  }
  // Chi-squared with 99 degrees of freedom: 148.2 is its 99.9 % quantile.
  const chi = counts.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
  expect(chi).toBeLessThan(148.2);
});

test("shuffles into every order, each as often", () => {
  const random = new Random(3);
  const orders = new Map<string, number>();
  for (let i = 0; i < 6000; i += 1) {
    const items = [1, 2, 3];
    random.shuffle(items);
    orders.set(items.join(""), (orders.get(items.join("")) ?? 0) + 1);
  }
  expect(orders.size).toBe(6);
  // 1,000 expected with a standard deviation of 29.
  for (const count of orders.values()) expect(Math.abs(count - 1000)).toBeLessThan(120);
});
