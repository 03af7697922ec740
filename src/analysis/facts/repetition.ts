import { at, mean, median } from "../../base/statistics.ts";
import { defineFact } from "../fact.ts";
import type { Curve } from "./curve.ts";
import { epochs } from "./epochs.ts";
import { learningRate } from "./learning-rate.ts";
import { blockLevels, levelOf } from "./stretch.ts";
import { settledLoss } from "./supervised-loss.ts";

/** The same pattern of the loss again and again: the batches come in the same order. */
export interface Repetition {
  readonly rows: Curve;
  /** How often it comes back. */
  readonly periodRows: number;
  readonly periodSteps: number;
  readonly count: number;
  /** Mean correlation of one period with the next. */
  readonly likeness: number;
  /** Range of the pattern as a share of the level of the loss. */
  readonly height: number;
  /** Correlation of neighbouring places of the pattern: about 0 where neighbouring batches have nothing in common. */
  readonly smoothness: number;
  readonly isEpoch: boolean;
  /** First step of the second period, from where on the pattern comes again. */
  readonly again: number;
  /** Highest place of the second period. */
  readonly peak: { readonly step: number; readonly value: number };
}

/** Points of one period that are compared. */
const points = 48;
const fewestPeriodRows = 12;
/** Whole periods; the first is not compared. */
const fewestPeriods = 3;
/** Without an epoch in the log a period has to be found, so it must come back more often to be believed. */
const fewestFoundPeriods = 4;
const blocks = 256;
/**
 * Independent noise in `points` points correlates by 1 / sqrt(points) = 0.14 by chance, less over several
 * periods; half of the variance in common is far from that.
 */
const likenessBar = 0.6;

export const repetition = defineFact<Repetition>({
  id: "loss of several passes over the data",
  derive(_run, get) {
    const rows = get(settledLoss);
    if (rows === undefined) return undefined;
    // The newest pass may begin behind the settled rows.
    const passes = get(epochs)?.starts.filter((start) => start <= rows.length) ?? [];
    const isEpoch = passes.length > fewestPeriods;
    const starts = isEpoch ? passes : foundPeriods(rows);
    if (starts === null || starts.length <= fewestPeriods) return undefined;
    const size = median(starts.slice(1).map((start, i) => start - at(starts, i)));
    if (!(size >= fewestPeriodRows)) return undefined;
    const rate = get(learningRate);
    // A schedule that restarts makes a pattern of its own.
    if (rate !== undefined && restarts(rate)) return undefined;
    const count = Math.min(points, Math.floor(size));
    const profiles = profilesOf(rows, starts, count);
    const pairs = profiles.slice(1).map((profile, i) => correlation(profiles[i] ?? [], profile));
    const average = Array.from({ length: count }, (_, k) => mean(profiles.map((profile) => at(profile, k))));
    const sorted = Float64Array.from(average).sort();
    const level = Math.abs(levelOf(rows.value, at(starts, 1), rows.length));
    const second = at(starts, 1);
    const end = at(starts, 2);
    let peakRow = second;
    for (let i = second; i < end; i++) if (at(rows.value, i) > at(rows.value, peakRow)) peakRow = i;
    return {
      rows,
      periodRows: size,
      periodSteps: at(rows.step, end) - at(rows.step, second),
      count: starts.length - 1,
      likeness: mean(pairs),
      // The outermost tenths are noise more often than pattern.
      height: (at(sorted, Math.floor(0.9 * count)) - at(sorted, Math.floor(0.1 * count))) / level,
      smoothness: correlation(average.slice(0, -1), average.slice(1)),
      isEpoch,
      again: at(rows.step, second),
      peak: { step: at(rows.step, peakRow), value: at(rows.value, peakRow) },
    };
  },
});

export const isRepeated = ({ likeness }: Repetition): boolean => likeness >= likenessBar;

/** Whether the schedule ever raised the rate again after it had lowered it. */
function restarts(rate: Curve): boolean {
  let lowest = Number.POSITIVE_INFINITY;
  let hasFallen = false;
  for (let i = 1; i < rate.length; i++) {
    if (at(rate.value, i) < at(rate.value, i - 1)) hasFallen = true;
    if (!hasFallen) continue;
    lowest = Math.min(lowest, at(rate.value, i));
    if (at(rate.value, i) > 1.5 * lowest) return true;
  }
  return false;
}

/**
 * The periods without their trend, the first left out: a loss falls there in the same steep way as in the
 * next, only further. What is left of a curve that only falls is far below `visibleHeight`.
 */
function profilesOf(rows: Curve, starts: readonly number[], count: number): Float64Array[] {
  const periods = starts
    .slice(0, -1)
    .map((start, i) => blockLevels(rows.value, count, { from: start, end: at(starts, i + 1) }));
  const all = Float64Array.from(periods.flatMap((period) => [...period]));
  const sums = new Float64Array(all.length + 1);
  for (const [i, value] of all.entries()) sums[i + 1] = at(sums, i) + value;
  return periods.slice(1).map((period, i) => {
    const rest = period.map((value, k) => {
      const place = (i + 1) * count + k;
      // The mean of one whole period around each point follows the trend and not the pattern.
      const from = Math.max(0, Math.min(all.length - count, place - Math.floor(count / 2)));
      return value - (at(sums, from + count) - at(sums, from)) / count;
    });
    const middle = mean(rest);
    return rest.map((value) => value - middle);
  });
}

function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const meanA = mean(a);
  const meanB = mean(b);
  let both = 0;
  let one = 0;
  let other = 0;
  for (let i = 0; i < a.length; i++) {
    both += (at(a, i) - meanA) * (at(b, i) - meanB);
    one += (at(a, i) - meanA) ** 2;
    other += (at(b, i) - meanB) ** 2;
  }
  return one > 0 && other > 0 ? both / Math.sqrt(one * other) : 0;
}

/** Looks for a period in the loss itself; null when none stands out. */
function foundPeriods(rows: Curve): number[] | null {
  const from = Math.floor(0.1 * rows.length);
  const count = Math.min(blocks, rows.length - from);
  if (count < fewestFoundPeriods * fewestPeriodRows) return null;
  const levels = blockLevels(rows.value, count, { from, end: rows.length });
  // Without the slow trend: what is left after the mean of a quarter of the run around each place.
  const half = Math.floor(count / 8);
  const sums = new Float64Array(count + 1);
  for (const [i, value] of levels.entries()) sums[i + 1] = at(sums, i) + value;
  const rest = levels.map((value, i) => {
    const start = Math.max(0, i - half);
    const end = Math.min(count, i + half + 1);
    return value - (at(sums, end) - at(sums, start)) / (end - start);
  });
  const most = Math.floor(count / fewestFoundPeriods);
  const likeness = (lag: number): number => correlation(rest.subarray(0, count - lag), rest.subarray(lag));
  let lag = 1;
  while (lag < most && likeness(lag) > 0) lag += 1;
  let best = -1;
  let bestLikeness = 0;
  for (lag = Math.max(lag, fewestPeriodRows); lag <= most; lag++) {
    const one = likeness(lag);
    if (one > bestLikeness) {
      best = lag;
      bestLikeness = one;
    }
  }
  if (best < 0 || bestLikeness < likenessBar || 2 * best >= count || likeness(2 * best) < likenessBar / 2) return null;
  const size = (best * (rows.length - from)) / count;
  const starts: number[] = [];
  for (let start = from; start < rows.length; start += size) starts.push(Math.floor(start));
  return starts;
}
