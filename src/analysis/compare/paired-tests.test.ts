import { expect, test } from "vitest";
import { Random } from "../../base/random.ts";
import { measureOfMean } from "../measures/sums.ts";
import type { Measure } from "../metric.ts";
import {
  approximateRandomization,
  bootstrapByWeights,
  bootstrapDifferences,
  mcnemarExact,
  pairedSums,
  summarize,
} from "./paired-tests.ts";

// SST-2, lstm against cnn: 101 and 59 sentences that only one has right. Equal to scipy.stats.binomtest(101, 160).pvalue.
test("McNemar's exact p is the published one", () => {
  expect(mcnemarExact(101, 59)).toBeCloseTo(0.0011229, 7);
  expect(mcnemarExact(0, 0)).toBe(1);
  expect(mcnemarExact(5, 5)).toBe(1);
  expect(mcnemarExact(0, 6)).toBeCloseTo(2 / 64, 12);
});

const mean = (values: Float64Array): Measure =>
  measureOfMean({ name: "mean", signature: "mean", better: "higher" }, values, (value) => 1 - value);

const alone = (n: number): Int32Array => Int32Array.from({ length: n }, (_, i) => i);

const sumsOf = (a: Float64Array, b: Float64Array) => {
  const [left, right] = [mean(a).sums, mean(b).sums];
  if (left === null || right === null) throw new Error("a mean is a function of sums");
  return pairedSums(left, right, alone(a.length), a.length);
};

/** Two systems of the same quality on the same examples, which are hard or easy for both. */
function nullPair(random: Random, n: number, isShare: boolean): readonly [Float64Array, Float64Array] {
  const a = new Float64Array(n);
  const b = new Float64Array(n);
  for (let i = 0; i < n; i += 1) {
    const hardness = random.uniform();
    const answer = (): number => {
      const drawn = random.uniform();
      return isShare ? (drawn > hardness ? 1 : 0) : hardness * 0.5 + drawn * drawn * 0.5;
    };
    a[i] = answer();
    b[i] = answer();
  }
  return [a, b];
}

const simulations = 2_000;

/** Share of null simulations with p <= 0.05. */
function typeOne(isShare: boolean, n: number, pOf: (a: Float64Array, b: Float64Array, seed: number) => number): number {
  const random = new Random(20_261_126);
  let found = 0;
  for (let i = 0; i < simulations; i += 1) {
    const [a, b] = nullPair(random, n, isShare);
    if (pOf(a, b, i) <= 0.05) found += 1;
  }
  return found / simulations;
}

const difference = (a: Float64Array, b: Float64Array): number =>
  b.reduce((sum, value, i) => sum + value - (a[i] ?? 0), 0) / a.length;

test.each([
  {
    name: "approximate randomization",
    rate: () => typeOne(false, 100, (a, b, seed) => approximateRandomization(sumsOf(a, b), seed, 200)),
  },
  {
    name: "exact McNemar",
    rate: () =>
      typeOne(true, 1_000, (a, b) => {
        let [onlyA, onlyB] = [0, 0];
        a.forEach((value, i) => {
          if (value > (b[i] ?? 0)) onlyA += 1;
          if (value < (b[i] ?? 0)) onlyB += 1;
        });
        return mcnemarExact(onlyA, onlyB);
      }),
  },
  {
    name: "paired bootstrap of sums",
    rate: () =>
      typeOne(false, 150, (a, b, seed) => {
        const pairs = sumsOf(a, b);
        return summarize(bootstrapDifferences(pairs, seed, 300), difference(a, b))?.p ?? 1;
      }),
  },
  {
    name: "paired bootstrap of weights",
    rate: () =>
      typeOne(false, 100, (a, b, seed) => {
        const differences = bootstrapByWeights([mean(a), mean(b)], { of: alone(100), count: 100 }, seed, 200);
        return summarize(differences, difference(a, b))?.p ?? 1;
      }),
  },
])("$name finds a difference in 3 to 7 % of 2,000 comparisons of equals", { timeout: 120_000 }, ({ name, rate }) => {
  const found = rate();
  console.log(`${name}: ${(100 * found).toFixed(1)} % at nominal 5 %`);
  expect(found).toBeGreaterThan(0.03);
  expect(found).toBeLessThan(0.07);
});

test("a real difference is found, and its interval holds it", () => {
  const random = new Random(5);
  const a = Float64Array.from({ length: 400 }, () => random.uniform());
  const b = a.map((value) => Math.min(1, value + 0.05 * random.uniform() + 0.01));
  const pairs = sumsOf(a, b);
  expect(approximateRandomization(pairs, 1)).toBeLessThan(0.001);
  const seen = difference(a, b);
  const summary = summarize(bootstrapDifferences(pairs, 1), seen);
  expect(summary?.low).toBeGreaterThan(0.02);
  expect(summary?.high).toBeLessThan(0.05);
  expect(summary?.p).toBeLessThan(0.01);
});

test("units that belong together change places together", () => {
  // Ten documents of twenty sentences; all sentences of one document agree, so there are ten coins and not two hundred.
  const [a, b] = [new Float64Array(200), new Float64Array(200)];
  for (let i = 0; i < 200; i += 1) b[i] = Math.floor(i / 20) < 8 ? 1 : -1;
  const [left, right] = [mean(a).sums, mean(b).sums];
  if (left === null || right === null) throw new Error("a mean is a function of sums");
  const unitOf = Int32Array.from({ length: 200 }, (_, i) => Math.floor(i / 20));
  const p = approximateRandomization(pairedSums(left, right, unitOf, 10), 3);
  // Exact: at least 8 of 10 coins one way, both sides: 112 / 1024.
  expect(p).toBeGreaterThan(0.1);
  expect(p).toBeLessThan(0.12);
  expect(approximateRandomization(pairedSums(left, right, alone(200), 200), 3)).toBeLessThan(0.001);
});
