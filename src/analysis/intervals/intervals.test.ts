import { expect, test } from "vitest";
import { Random } from "../../base/random.ts";
import { measureOfMean } from "../measures/sums.ts";
import type { Measure } from "../metric.ts";
import { bootstrap, unitsOf } from "./bootstrap.ts";
import { intervalOf } from "./interval.ts";
import { wilson } from "./wilson.ts";

const mean = (values: Float64Array): Measure =>
  measureOfMean({ name: "mean", signature: "mean", better: "higher" }, values, (value) => 1 - value);
const alone = (n: number): ReturnType<typeof unitsOf> => unitsOf(Array.from({ length: n }, () => null));

// 1,821 sentences of SST-2: accuracies .880286 and .857221 with the published Wilson intervals.
test.each([
  [1603, 0.864569, 0.894401],
  [1561, 0.8404, 0.872537],
])("wilson(%d of 1,821) is the published interval", (right, low, high) => {
  const [a, b] = wilson(right, 1821);
  expect(a).toBeCloseTo(low, 5);
  expect(b).toBeCloseTo(high, 5);
});

test("wilson stays within 0 and 1 and is not empty at the ends", () => {
  expect(wilson(0, 20)[0]).toBe(0);
  expect(wilson(0, 20)[1]).toBeGreaterThan(0.1);
  expect(wilson(20, 20)[1]).toBe(1);
});

test("the bootstrap holds the true mean in about 95 of 100 cases, by sums, by blocks and by weights", () => {
  const random = new Random(5);
  const held = { sums: 0, weights: 0 };
  const trials = 200;
  for (let trial = 0; trial < trials; trial += 1) {
    const values = Float64Array.from({ length: 60 }, () => random.uniform() ** 2);
    const measure = mean(values);
    for (const [kind, each] of [
      ["sums", measure],
      ["weights", { ...measure, sums: null }],
    ] as const) {
      const interval = bootstrap(each, alone(60), trial);
      if (interval !== null && interval[0] <= 1 / 3 && 1 / 3 <= interval[1]) held[kind] += 1;
    }
  }
  // 95 % of 200 with a standard deviation of 3; the percentile interval of 60 values is known to be a little narrow.
  expect(held.sums).toBeGreaterThan(176);
  expect(held.weights).toBeGreaterThan(176);
  expect(Math.max(held.sums, held.weights)).toBeLessThan(199);
});

test("adding up in blocks keeps the width of the interval", () => {
  const random = new Random(11);
  const values = Float64Array.from({ length: 20_000 }, () => random.uniform());
  const [low, high] = bootstrap(mean(values), alone(values.length), 1) ?? [0, 0];
  // 2 x 1.96 x sqrt(1/12) / sqrt(20,000)
  expect(high - low).toBeGreaterThan(0.0072);
  expect(high - low).toBeLessThan(0.0088);
});

test("examples of one group are drawn together: equal copies bring no certainty", () => {
  const random = new Random(2);
  const right = Array.from({ length: 50 }, () => (random.uniform() < 0.5 ? 1 : 0));
  const copied = Float64Array.from({ length: 500 }, (_, i) => right[i % 50] ?? 0);
  const groups = Array.from({ length: 500 }, (_, i) => String(i % 50));
  const width = (interval: readonly [number, number] | null): number =>
    interval === null ? 0 : interval[1] - interval[0];
  const clustered = width(intervalOf(mean(copied), unitsOf(groups), 1));
  expect(clustered).toBeGreaterThan(2.5 * width(intervalOf(mean(copied), alone(500), 1)));
});

test("too few examples have no interval, and no metric that is mostly undefined", () => {
  expect(bootstrap(mean(Float64Array.from([0.1, 0.2, 0.3])), alone(3), 1)).toBeNull();
  const measure = { ...mean(new Float64Array(40).fill(0.5)), sums: null, value: () => Number.NaN };
  expect(bootstrap(measure, alone(40), 1)).toBeNull();
});

test("the same seed gives the same interval", () => {
  const values = Float64Array.from({ length: 30 }, (_, i) => i / 30);
  expect(bootstrap(mean(values), alone(30), 4)).toEqual(bootstrap(mean(values), alone(30), 4));
});
