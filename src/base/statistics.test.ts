import { describe, expect, test } from "vitest";
import {
  bendsOf,
  mad,
  mean,
  median,
  noiseAtMost,
  noiseOf,
  quantile,
  slope,
  SortedWindow,
  spreadOfWindow,
} from "./statistics.ts";
import { random } from "../analysis/synthetic.fixture.ts";

const naiveQuantile = (values: readonly number[], share: number): number => {
  const ascending = [...values].sort((a, b) => a - b);
  const place = (ascending.length - 1) * share;
  const low = ascending[Math.floor(place)] ?? Number.NaN;
  const high = ascending[Math.ceil(place)] ?? Number.NaN;
  return low + (high - low) * (place - Math.floor(place));
};

describe("statistics", () => {
  test("known values", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(quantile([0, 10], 0.25)).toBe(2.5);
    expect(mean([1, 2, 6])).toBe(3);
    expect(slope([1, 3, 5, 7])).toBeCloseTo(2);
    expect(mad([1, 1, 2, 2, 4, 6, 9])).toBeCloseTo(1.4826);
    expect(median([])).toBeNaN();
  });

  test("noise of a curve equals its standard deviation and ignores trend and jumps", () => {
    const next = random(7);
    const values = Array.from({ length: 4000 }, (_, i) => 100 - i * 0.01 + 0.5 * next.normal() + (i > 2000 ? 30 : 0));
    expect(noiseOf(values)).toBeGreaterThan(0.46);
    expect(noiseOf(values)).toBeLessThan(0.54);
  });

  test("a sorted window agrees with sorting, also with repeated values", () => {
    const next = random(3);
    const window = new SortedWindow(17);
    const kept: number[] = [];
    for (let i = 0; i < 500; i++) {
      const value = Math.round(next.normal() * 3);
      window.push(value);
      kept.push(value);
      if (kept.length > 17) kept.shift();
      expect(window.length).toBe(kept.length);
      expect(window.largest).toBe(Math.max(...kept));
      expect(window.quantile(0.25)).toBe(naiveQuantile(kept, 0.25));
    }
  });

  test("the spread of a window of normal values is their standard deviation", () => {
    const next = random(11);
    const window = new SortedWindow(4000);
    for (let i = 0; i < 4000; i++) window.push(2 * next.normal());
    expect(spreadOfWindow(window)).toBeCloseTo(2, 0);
  });

  test("noise is at most what few rows of a steep curve tell, in 19 of 20 of them, and not told by five", () => {
    const next = random(13);
    let within = 0;
    for (let run = 0; run < 400; run++) {
      const steep = Array.from({ length: 12 }, (_, i) => 50 * Math.exp(-0.05 * i) + next.normal());
      if (noiseAtMost(bendsOf(steep)) >= 1) within += 1;
    }
    // Neighbouring bends share two of three rows, so that the certainty is not quite the 95 % of ones of their own.
    expect(within / 400).toBeGreaterThan(0.88);
    expect(noiseAtMost(bendsOf([5, 4, 3, 2.5, 2]))).toBe(Number.POSITIVE_INFINITY);
    const many = Array.from({ length: 4000 }, (_, i) => 100 - i / 10 + 2 * next.normal());
    expect(noiseAtMost(bendsOf(many))).toBeCloseTo(2, 0);
  });
});
