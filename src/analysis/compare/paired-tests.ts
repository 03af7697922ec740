import { Random } from "../../base/random.ts";
import { quantile } from "../../base/statistics.ts";
import { logBinomialTail } from "../../base/tails.ts";
import type { Units } from "../intervals/bootstrap.ts";
import type { Measure } from "../metric.ts";

/** As sacreBLEU's `--paired-ar` and Riezler and Maxwell (2005). */
export const randomizations = 10_000;
export const resamples = 2_000;

type Sums = NonNullable<Measure["sums"]>;

/**
 * McNemar's exact test: of the examples that only one of two systems has right, each is as likely to be A's as B's.
 * Two-sided p of the binomial; 1 where they never differ.
 */
export function mcnemarExact(onlyA: number, onlyB: number): number {
  const n = onlyA + onlyB;
  return n === 0 ? 1 : Math.min(1, 2 * Math.exp(logBinomialTail(Math.max(onlyA, onlyB), n, 0.5)));
}

/** Blocks of examples that are swapped or drawn together, each with the sums of both systems. */
export interface PairedSums {
  readonly width: number;
  readonly count: number;
  readonly a: Float64Array;
  readonly b: Float64Array;
  value(sum: ArrayLike<number>): number;
}

/** `unitOf` names the unit of each example, from 0: itself, or its document or user. */
export function pairedSums(a: Sums, b: Sums, unitOf: Int32Array, count: number): PairedSums {
  const { width } = a.rows;
  const gather = ({ rows }: Sums): Float64Array => {
    const sums = new Float64Array(count * width);
    unitOf.forEach((unit, example) => rows.add(example, 1, sums, unit * width));
    return sums;
  };
  return { width, count, a: gather(a), b: gather(b), value: a.value };
}

/**
 * Approximate randomization: the two answers to each unit change places by the throw of a coin, and p is how often the
 * difference is then at least as large as the one at hand (counting that one, so that it is never 0).
 */
export function approximateRandomization(pairs: PairedSums, seed: number, rounds = randomizations): number {
  const { width, count, a, b, value } = pairs;
  const random = new Random(seed);
  const total = (from: Float64Array): Float64Array => {
    const sum = new Float64Array(width);
    for (let i = 0; i < from.length; i += 1) sum[i % width] = (sum[i % width] ?? 0) + (from[i] ?? 0);
    return sum;
  };
  const [sumA, sumB] = [total(a), total(b)];
  // Only units whose sums differ can move anything, and what moves is their difference.
  const moving: number[] = [];
  const moved = new Float64Array(count * width);
  for (let unit = 0; unit < count; unit += 1) {
    let differs = false;
    for (let column = 0; column < width; column += 1) {
      const difference = (b[unit * width + column] ?? 0) - (a[unit * width + column] ?? 0);
      moved[unit * width + column] = difference;
      differs ||= difference !== 0;
    }
    if (differs) moving.push(unit * width);
  }
  const seen = Math.abs(value(sumB) - value(sumA));
  // Sums of the same numbers in another order differ in their last digits.
  const least = seen * (1 - 1e-12) - 1e-12;
  let asLarge = 1;
  const left = new Float64Array(width);
  const right = new Float64Array(width);
  for (let round = 0; round < rounds; round += 1) {
    left.set(sumA);
    right.set(sumB);
    let coins = 0;
    let bits = 0;
    for (const start of moving) {
      if (coins === 0) {
        bits = random.bits();
        coins = 32;
      }
      const isSwapped = (bits & 1) === 1;
      bits >>>= 1;
      coins -= 1;
      if (!isSwapped) continue;
      for (let column = 0; column < width; column += 1) {
        const difference = moved[start + column] ?? 0;
        left[column] = (left[column] ?? 0) + difference;
        right[column] = (right[column] ?? 0) - difference;
      }
    }
    if (Math.abs(value(right) - value(left)) >= least) asLarge += 1;
  }
  return asLarge / (rounds + 1);
}

export interface PairedBootstrap {
  readonly low: number;
  readonly high: number;
  /** Two-sided, from the resampled differences centred on the signed one: not the absolute ones, which halve p. */
  readonly p: number;
}

/** Differences of resamples, in which both systems get the same units. */
export function bootstrapDifferences(pairs: PairedSums, seed: number, rounds = resamples): Float64Array {
  const { width, count, a, b, value } = pairs;
  const random = new Random(seed);
  const left = new Float64Array(width);
  const right = new Float64Array(width);
  return Float64Array.from({ length: rounds }, () => {
    left.fill(0);
    right.fill(0);
    for (let draw = 0; draw < count; draw += 1) {
      const start = random.below(count) * width;
      for (let column = 0; column < width; column += 1) {
        left[column] = (left[column] ?? 0) + (a[start + column] ?? 0);
        right[column] = (right[column] ?? 0) + (b[start + column] ?? 0);
      }
    }
    return value(right) - value(left);
  });
}

/** The same for a metric without sums (areas under curves): each resample is computed anew from weights. */
export function bootstrapByWeights(
  [a, b]: readonly [Measure, Measure],
  { of: unitOf, count }: Units,
  seed: number,
  rounds: number,
): Float64Array {
  const random = new Random(seed);
  const drawn = new Int32Array(count);
  return Float64Array.from({ length: rounds }, () => {
    drawn.fill(0);
    for (let draw = 0; draw < count; draw += 1) {
      const unit = random.below(count);
      drawn[unit] = (drawn[unit] ?? 0) + 1;
    }
    const weights = unitOf.map((unit) => drawn[unit] ?? 0);
    return b.value(weights) - a.value(weights);
  });
}

/** Interval and p of resampled differences; null where the metric is undefined in many of them. */
export function summarize(differences: Float64Array, seen: number): PairedBootstrap | null {
  const defined = differences.filter((value) => !Number.isNaN(value));
  if (defined.length < 0.95 * differences.length || defined.length === 0 || Number.isNaN(seen)) return null;
  const size = Math.abs(seen);
  const extreme = defined.filter((value) => Math.abs(value - seen) >= size).length;
  return {
    low: quantile(defined, 0.025),
    high: quantile(defined, 0.975),
    p: (extreme + 1) / (defined.length + 1),
  };
}
