import { studentQuantile, twoSidedTail } from "../../base/student.ts";
import { logHypergeometricTail, normalQuantile } from "../../base/tails.ts";

/** How much worse a slice is than all others. */
export interface Difference {
  readonly n: number;
  readonly error: number;
  readonly baseline: number;
  readonly difference: number;
  /** 95 % interval of the difference. */
  readonly low: number;
  readonly high: number;
  /** Probability of so large an excess by chance (one-sided). */
  readonly p: number;
}

const level = 0.95;

/**
 * Errors of `rows`, those of the slice against all others. Fisher's exact test with Newcombe's interval where errors are 0
 * or 1, Welch's where they are numbers; where examples come in groups, the differences of whole groups.
 */
export function differenceOf(
  errors: Float64Array,
  rows: Uint32Array,
  inSlice: (row: number) => boolean,
  groupOf: ((row: number) => string) | null,
): Difference {
  const [inside, outside]: [number[], number[]] = [[], []];
  for (const row of rows) (inSlice(row) ? inside : outside).push(row);
  const [own, rest] = [sumsOf(errors, inside), sumsOf(errors, outside)];
  const [error, baseline] = [own.mean, rest.mean];
  const stated = { n: own.n, error, baseline, difference: error - baseline };
  if (own.n === 0 || rest.n === 0) return { ...stated, low: Number.NaN, high: Number.NaN, p: 1 };
  if (groupOf !== null) return { ...stated, ...ofGroups(errors, { inside, outside }, { error, baseline }, groupOf) };
  if (own.isShare && rest.isShare) return { ...stated, ...ofShares(own, rest) };
  return { ...stated, ...welch(own, rest) };
}

interface Sums {
  readonly n: number;
  readonly sum: number;
  readonly mean: number;
  /** Of the mean. */
  readonly variance: number;
  readonly isShare: boolean;
}

function sumsOf(errors: Float64Array, rows: readonly number[]): Sums {
  const n = rows.length;
  let sum = 0;
  let isShare = true;
  for (const row of rows) {
    const error = errors[row] ?? 0;
    sum += error;
    if (error !== 0 && error !== 1) isShare = false;
  }
  const mean = sum / n;
  const squares = rows.reduce((total, row) => total + ((errors[row] ?? 0) - mean) ** 2, 0);
  return { n, sum, mean, variance: n > 1 ? squares / (n - 1) / n : Number.NaN, isShare };
}

type Tested = Pick<Difference, "low" | "high" | "p">;

function ofShares(own: Sums, rest: Sums): Tested {
  const urn = { population: own.n + rest.n, successes: own.sum + rest.sum, draws: own.n };
  const [a, b] = [wilson(own), wilson(rest)];
  const difference = own.mean - rest.mean;
  return {
    // Newcombe (1998), method 10.
    low: difference - Math.hypot(own.mean - a.low, b.high - rest.mean),
    high: difference + Math.hypot(a.high - own.mean, rest.mean - b.low),
    p: Math.exp(logHypergeometricTail(own.sum, urn)),
  };
}

function wilson({ n, mean }: Sums): { readonly low: number; readonly high: number } {
  const z = normalQuantile(0.5 + level / 2);
  const middle = (mean + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const half = (z / (1 + (z * z) / n)) * Math.sqrt((mean * (1 - mean)) / n + (z * z) / (4 * n * n));
  return { low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
}

function welch(own: Sums, rest: Sums): Tested {
  const variance = own.variance + rest.variance;
  const df = variance ** 2 / (own.variance ** 2 / (own.n - 1) + rest.variance ** 2 / (rest.n - 1));
  return ofStudent(own.mean - rest.mean, Math.sqrt(variance), df);
}

function ofStudent(difference: number, error: number, df: number): Tested {
  if (!(error > 0) || !(df > 0)) return { low: difference, high: difference, p: 1 };
  const half = studentQuantile(level, df) * error;
  const tail = twoSidedTail(difference / error, df) / 2;
  return { low: difference - half, high: difference + half, p: difference > 0 ? tail : 1 - tail };
}

/** The variance of a difference of means where only groups are independent (Liang and Zeger, 1986). */
function ofGroups(
  errors: Float64Array,
  { inside, outside }: { readonly inside: readonly number[]; readonly outside: readonly number[] },
  { error, baseline }: { readonly error: number; readonly baseline: number },
  groupOf: (row: number) => string,
): Tested {
  const influence = new Map<string, number>();
  const add = (row: number, by: number): void => {
    influence.set(groupOf(row), (influence.get(groupOf(row)) ?? 0) + by);
  };
  for (const row of inside) add(row, ((errors[row] ?? 0) - error) / inside.length);
  for (const row of outside) add(row, -((errors[row] ?? 0) - baseline) / outside.length);
  const groups = influence.size;
  const squares = [...influence.values()].reduce((sum, value) => sum + value * value, 0);
  // Few groups hold the slice: they are what the estimate rests on.
  const holding = new Set(inside.map(groupOf)).size;
  const variance = (squares * groups) / Math.max(1, groups - 1);
  return ofStudent(error - baseline, Math.sqrt(variance), Math.min(groups, holding) - 1);
}
