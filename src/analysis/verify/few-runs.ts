/** Statistics of a handful of runs: is the difference of two groups more than chance? */
import { at, mean } from "../../base/statistics.ts";
import { studentQuantile } from "../../base/student.ts";

/** Nothing is called better or worse on fewer pairs, or fewer runs a side. */
export const leastRuns = 3;
export const level = 0.95;

/** Exact permutation up to this many arrangements; with more the t interval stands alone. */
const maxArrangements = 200_000;

export interface Difference {
  readonly mean: number;
  /** Null with fewer than `leastRuns`. */
  readonly interval: readonly [low: number, high: number] | null;
  /** Two-sided exact permutation; null where its smallest possible value is above 1 - level, or there are too many. */
  readonly p: number | null;
  readonly design: "paired" | "unpaired" | "too-few";
  readonly n: number;
}

/**
 * Paired t interval of the differences. `floor` is the least standard deviation of one run that is
 * believed: three runs can agree by accident, and then a tiny difference would look certain.
 */
export function pairedDifference(differences: readonly number[], floor: number): Difference {
  const n = differences.length;
  const average = mean(differences);
  if (n < leastRuns) return { mean: average, interval: null, p: null, design: "too-few", n };
  // The difference of two runs has the variance of both.
  const deviation = Math.max(standardDeviation(differences), Math.SQRT2 * floor);
  const half = (studentQuantile(level, n - 1) * deviation) / Math.sqrt(n);
  return {
    mean: average,
    interval: [average - half, average + half],
    p: signFlip(differences),
    design: "paired",
    n,
  };
}

/** Welch's interval of mean(after) - mean(before), for runs whose seeds do not match. */
export function unpairedDifference(before: readonly number[], after: readonly number[], floor: number): Difference {
  const n = Math.min(before.length, after.length);
  const average = mean(after) - mean(before);
  if (n < leastRuns) return { mean: average, interval: null, p: null, design: "too-few", n };
  const [varianceBefore, varianceAfter] = [before, after].map(
    (values) => Math.max(standardDeviation(values), floor) ** 2 / values.length,
  );
  const variance = (varianceBefore ?? Number.NaN) + (varianceAfter ?? Number.NaN);
  // Without any spread and without a floor the values are constants: the interval is a point.
  const freedom =
    variance === 0
      ? before.length + after.length - 2
      : variance ** 2 /
        ((varianceBefore ?? 0) ** 2 / (before.length - 1) + (varianceAfter ?? 0) ** 2 / (after.length - 1));
  const half = studentQuantile(level, freedom) * Math.sqrt(variance);
  return {
    mean: average,
    interval: [average - half, average + half],
    p: exchange(before, after),
    design: "unpaired",
    n,
  };
}

function standardDeviation(values: readonly number[]): number {
  if (values.length < 2) return Number.NaN;
  const average = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - average) ** 2, 0) / (values.length - 1));
}

/** Every way to flip the signs of the differences; exact when a change does nothing and pairs are exchangeable. */
function signFlip(differences: readonly number[]): number | null {
  const n = differences.length;
  const arrangements = 2 ** n;
  if (2 / arrangements > 1 - level || arrangements > maxArrangements) return null;
  const observed = Math.abs(differences.reduce((sum, one) => sum + one, 0));
  let extreme = 0;
  for (let mask = 0; mask < arrangements; mask++) {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += (mask >> i) & 1 ? -at(differences, i) : at(differences, i);
    if (reaches(Math.abs(sum), observed)) extreme += 1;
  }
  return extreme / arrangements;
}

/** Every way to deal the values to two groups of these sizes. */
function exchange(before: readonly number[], after: readonly number[]): number | null {
  const all = [...before, ...after];
  const arrangements = choose(all.length, after.length);
  if (2 / arrangements > 1 - level || arrangements > maxArrangements) return null;
  const total = all.reduce((sum, one) => sum + one, 0);
  const distance = (sum: number): number => Math.abs(sum / after.length - (total - sum) / before.length);
  const observed = distance(after.reduce((sum, one) => sum + one, 0));
  let extreme = 0;
  const deal = (from: number, left: number, sum: number): void => {
    if (left === 0) {
      if (reaches(distance(sum), observed)) extreme += 1;
      return;
    }
    for (let i = from; i <= all.length - left; i++) deal(i + 1, left - 1, sum + at(all, i));
  };
  deal(0, after.length, 0);
  return extreme / arrangements;
}

/** Sums in another order differ in their last bits; those are ties. */
const reaches = (value: number, observed: number): boolean => value >= observed * (1 - 1e-9);

function choose(n: number, k: number): number {
  let ways = 1;
  for (let i = 1; i <= k; i++) ways = (ways * (n - k + i)) / i;
  return Math.round(ways);
}
