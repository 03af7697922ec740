/** Slowdowns of a log too short for running medians: row against row, where all of them agree. */
import { at, median } from "../../base/statistics.ts";
import type { Curve } from "./curve.ts";
import { leastEarly, risenFrom, startOfGrowth } from "./growth.ts";

export interface Slowdown {
  readonly row: number;
  readonly step: number;
  readonly usual: number;
  readonly now: number;
  readonly rows: number;
  readonly endStep: number | null;
  /** It became ever slower from its first row on. */
  readonly isRising: boolean;
}

/** Below this many rows each is looked at; above, running medians see more. */
export const fewRows = 40;
/** Before and after a step up. In three of seven rows and more, each slower than all before: 1 in 35 orders, and then the factor. */
const rowsBefore = 4;
const rowsAfter = 3;
/** A step up in the last moments of the rows is one of many such. */
const afterShare = 0.15;
/** The slow rows leave the others behind by this many times what those differ among themselves. */
const gapSpreads = 2;

/**
 * Each of the last rows slower than `factor` times all before them, which differ among themselves by less than the gap. One
 * row between the two may be the mean of both.
 */
export function stepUp(rows: Curve, factor: number): Slowdown | null {
  const { value, step, length } = rows;
  // Of each row on, the least; from the end.
  let least = Number.POSITIVE_INFINITY;
  for (let first = length - 1; first >= rowsBefore; first--) {
    least = Math.min(least, at(value, first));
    if (length - first < Math.max(rowsAfter, afterShare * length)) continue;
    const isMean = at(value, first - 1) < least && first > rowsBefore;
    for (const end of isMean ? [first, first - 1] : [first]) {
      const before = value.slice(0, end).sort();
      const most = at(before, end - 1);
      const usual = median(before);
      const spread = most - at(before, Math.floor(end / 4));
      if (!(least > factor * most && least - most > gapSpreads * spread)) continue;
      const now = median(value.subarray(first));
      return { row: end, step: at(step, end), usual, now, rows: length - end, endStep: null, isRising: false };
    }
  }
  return null;
}

/** Rows that growth takes, and the pairs of them that may be out of order. All 28 pairs of 8 rows are in order in 1 of 40,320. */
const fewestGrowing = 8;
const outOfOrder = 0.08;
const endRows = 3;
const spreadShare = 0.2;
const risenFactor = 1.3;

/** Ever slower: nearly each row slower than nearly all before it, by `factor` in all and in both halves; `settling` came before. */
export function growthOf(rows: Curve, factor: number, settling: readonly number[]): Slowdown | null {
  const { value, step, length } = rows;
  if (length < fewestGrowing) return null;
  let wrong = 0;
  for (let a = 0; a < length; a++) for (let b = a + 1; b < length; b++) if (!(at(value, b) > at(value, a))) wrong += 1;
  const first = median(value.subarray(0, endRows));
  const now = median(value.subarray(length - endRows));
  const middle = Math.floor(length / 2);
  const half = median(value.subarray(middle - 1, middle + 2));
  const isSpread = half - first > spreadShare * (now - first) && now - half > spreadShare * (now - first);
  if (wrong > (outOfOrder * length * (length - 1)) / 2 || !(now > factor * first) || !isSpread) return null;
  const early = [...settling, ...value.subarray(0, Math.max(endRows + 1, Math.floor(length / 4)))];
  const usual = leastEarly(early);
  const base = Math.min(usual, startOfGrowth(early, (now - first) / (length - endRows)));
  const row = risenFrom(value, risenFactor * base);
  return { row, step: at(step, row), usual, now, rows: length - row, endStep: null, isRising: true };
}
