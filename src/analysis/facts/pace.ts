import { at, median, SortedWindow, spreadOfWindow } from "../../base/statistics.ts";
import { defineFact } from "../fact.ts";
import { defineFold } from "../fold.ts";
import { epochTime, stepsPerSecond, stepTime, throughput, trainTime } from "../signals.ts";
import { clock, course, fewestRows, fewestRowsOfFew } from "./clock.ts";
import type { Curve } from "./curve.ts";
import { options } from "./options.ts";
import { fewRows, growthOf, type Slowdown, stepUp } from "./few-paces.ts";
import { fewestRisingRows, isRising, leastEarly, risenFrom, rowsOfGrowth, startOfGrowth } from "./growth.ts";

export type { Slowdown } from "./few-paces.ts";

/** Time per step, in whatever unit the log has; only its ratios are used. */
export interface Pace {
  readonly rows: Curve;
  /** The series that a person looks at, and how: a throughput falls where the time per step rises. */
  readonly from: "step time" | "throughput" | "time between rows";
  /** Measured by the trainer itself; a progress bar and the time between rows also hold all that happens beside. */
  readonly isMeasured: boolean;
  /** Median of the rows around the start, after compilation and warm-up of caches. */
  readonly start: number;
  /** Running median, over `smoothRows`. */
  readonly smooth: Float64Array;
  readonly slowdowns: readonly Slowdown[];
  readonly growth: Slowdown | null;
}

/** Evaluations and checkpoints pause single rows; a median of nine does not see them. */
export const smoothRows = 9;
/** The first rows compile, fill caches and start workers. */
const settleRows = 3;
/** ... and of a log that is looked at row by row the first alone. */
const settleRowsOfFew = 1;
const mostRows = 4096;
const bandRows = 100;
/** A logged step time or throughput is exact; the time between rows also holds evaluations, buffers and other work. */
const factorLogged = 1.3;
/** marin#2830 asks for an alert when the step time has doubled. */
const factorBetween = 2;
const bandSigmas = 6;
const backShare = 0.3;
/**
 * As many rows as three running medians; as two where steps take twice as long, which noise does not keep up, or four times
 * where nobody measures them: no healthy recording has twice.
 */
const lastingRows = 25;
const lastingRowsDoubled = 18;
const lastingFactor = 2;
const lastingFactorUnmeasured = 4;
/**
 * As one running median, where each of them took this many times the usual and longer than any row before: a log of two
 * dozen rows has no more after a fault. By chance nine of twenty rows are the slowest, one after the other, 1 in 168,000 times.
 */
const lastingRowsClear = smoothRows;
const clearFactor = 3;
/** Of a long log nine rows are a moment: they are to be this much of all, up to the last. */
const clearShare = 0.25;
/**
 * What nobody measured as a step, and cost less than this in all, is not worth a line: steps of some milliseconds are
 * slowed down for that long by any other process.
 */
const leastLostMs = 10_000;
/** Growth: of the pairs of ten blocks nearly all have the later one slower, by half in all (of a logged time). */
const mostBlocks = 10;
const fewestBlockRows = 3;
/**
 * A row an epoch is a mean over all of its batches, and each epoch does the same work: fewer blocks do, when all are in
 * order; of seven 1 in 5,040 orders is by chance.
 */
const fewestBlocks = 7;
/** Of the 45 pairs of blocks, those in order less those that are not: by chance 1 in 2,100 orders has as much, and 1 in 67,000. */
const leastOrder = 35;
const leastOrderBetween = 41;
const growthFactor = 1.5;

export const pace = defineFact<Pace>({
  id: clock.id,
  derive(_run, get) {
    const curve = get(course);
    if (curve === undefined) return undefined;
    const name = curve.series.replace(/\{.*$/, "");
    const epochs = get(options)?.number("epochs");
    if ([stepTime, trainTime, epochTime].some((one) => one.matches(name, {}))) return byStepTime(curve, epochs);
    if (throughput.matches(name, {})) return byThroughput(curve, epochs);
    return stepsPerSecond.matches(name, {}) ? byStepsPerSecond(curve, epochs) : byRowTimes(curve, epochs);
  },
});

/** Rows between those that are looked at: a pace needs no more than a few thousand of them, however long the run. */
function strideOf(series: Curve): number {
  let stride = 1;
  while (series.length / stride > mostRows) stride *= 2;
  return stride;
}

/** How the time per step is read out of a series. */
interface Reading {
  readonly from: Pace["from"];
  readonly isMeasured: boolean;
  /** Time per step that a row tells; NaN when it tells none. */
  readonly timeAt: (curve: Curve, row: number, walk: Walk) => number;
}

/** What a look at the rows one by one has come to. */
interface Walk {
  stride: number;
  /** The next row of the series to be looked at. */
  next: number;
  /** The row from which the time to the next is counted. */
  before: number;
  step: number[];
  time: number[];
  value: number[];
  smooth: number[];
  window: SortedWindow;
  band: SortedWindow;
  slowdowns: Slowdown[];
  open: { readonly row: number; readonly usual: number; readonly bar: number } | null;
}

const startWalk = (stride: number): Walk => ({
  stride,
  next: settleRows,
  before: settleRows,
  step: [],
  time: [],
  value: [],
  smooth: [],
  window: new SortedWindow(smoothRows),
  band: new SortedWindow(bandRows),
  slowdowns: [],
  open: null,
});

/** The pace by this reading; of a curve that grew only the new rows are looked at. */
function paceBy(reading: Reading): (curve: Curve, epochs: number | undefined) => Pace | undefined {
  const walked = defineFold<Walk>({
    start: () => startWalk(0),
    advance(walk, curve) {
      const stride = strideOf(curve);
      // Every other row of those so far: these are other neighbours.
      if (walk.stride !== stride) Object.assign(walk, startWalk(stride));
      for (; walk.next < curve.length; walk.next += stride) {
        const value = reading.timeAt(curve, walk.next, walk);
        if (Number.isNaN(value)) continue;
        walk.step.push(at(curve.step, walk.next));
        walk.time.push(at(curve.time, walk.next));
        walk.value.push(value);
        walk.window.push(value);
        walk.smooth.push(walk.window.quantile(0.5));
        lookForSlowdown(walk, reading);
      }
    },
  });
  return (curve, epochs) => paceOf(curve, walked(curve), { ...reading, epochs });
}

/** Of the first rows, before which nothing is left out. */
function firstTimes(curve: Curve, reading: Reading, count: number): Curve {
  const walk = startWalk(1);
  walk.before = 0;
  const times = Float64Array.from({ length: count }, (_, row) => reading.timeAt(curve, row, walk));
  const pick = (column: ArrayLike<number>): Float64Array =>
    Float64Array.from({ length: count }, (_, row) => at(column, row)).filter((_, row) => Number.isFinite(times[row]));
  const value = pick(times);
  return { series: curve.series, step: pick(curve.step), time: pick(curve.time), value, length: value.length };
}

const positive =
  (of: (value: number) => number): Reading["timeAt"] =>
  (curve, row) => {
    const value = at(curve.value, row);
    return value > 0 && value < 1e15 ? of(value) : Number.NaN;
  };

const byStepTime = paceBy({ from: "step time", isMeasured: true, timeAt: positive((value) => value) });
const byThroughput = paceBy({ from: "throughput", isMeasured: true, timeAt: positive((value) => 1 / value) });
const byStepsPerSecond = paceBy({ from: "throughput", isMeasured: false, timeAt: positive((value) => 1 / value) });
/** Time per step between neighbouring rows. Rows that came in one piece of output have no time of their own. */
const byRowTimes = paceBy({
  from: "time between rows",
  isMeasured: false,
  timeAt(losses, row, walk) {
    const steps = at(losses.step, row) - at(losses.step, walk.before);
    const time = at(losses.time, row) - at(losses.time, walk.before);
    const isTime = steps > 0 && time > 0;
    if (steps <= 0 || time < 0 || isTime) walk.before = row;
    return isTime ? time / steps : Number.NaN;
  },
});

function paceOf(
  curve: Curve,
  walk: Readonly<Walk>,
  { epochs, ...reading }: Reading & { readonly epochs: number | undefined },
): Pace | undefined {
  const usual = walk.value.length < fewestRows ? undefined : paceOfMany(curve, walk, { epochs, ...reading });
  if (curve.length >= fewRows || (usual !== undefined && (usual.growth !== null || usual.slowdowns.length > 0)))
    return usual;
  return paceOfFew(curve, reading, usual);
}

/** The same row by row, for a log in which running medians say nothing. */
function paceOfFew(curve: Curve, reading: Reading, usual: Pace | undefined): Pace | undefined {
  const { from, isMeasured } = reading;
  const all = firstTimes(curve, reading, curve.length);
  const rows: Curve = {
    series: all.series,
    step: all.step.subarray(settleRowsOfFew),
    time: all.time.subarray(settleRowsOfFew),
    value: all.value.subarray(settleRowsOfFew),
    length: Math.max(0, all.length - settleRowsOfFew),
  };
  if (rows.length < fewestRowsOfFew - settleRowsOfFew) return usual;
  const isWorth = (slow: Slowdown): boolean => isMeasured || !(lostIn(slow, rows) < leastLostMs);
  const growth = growthOf(rows, isMeasured ? growthFactor : factorBetween, [...all.value.subarray(0, settleRowsOfFew)]);
  const slow = growth === null ? stepUp(rows, from === "time between rows" ? factorBetween : factorLogged) : null;
  return {
    rows,
    from,
    isMeasured,
    start: median(rows.value),
    smooth: rows.value,
    slowdowns: slow !== null && isWorth(slow) ? [slow] : [],
    growth: growth !== null && isWorth(growth) ? growth : null,
  };
}

function paceOfMany(
  curve: Curve,
  walk: Readonly<Walk>,
  { epochs, ...reading }: Reading & { readonly epochs: number | undefined },
): Pace {
  const { from, isMeasured } = reading;
  const column = (values: readonly number[]): Float64Array => new Float64Array(values);
  const rows: Curve = {
    series: curve.series,
    step: column(walk.step),
    time: column(walk.time),
    value: column(walk.value),
    length: walk.value.length,
  };
  const smooth = column(walk.smooth);
  // Times that are not known count as long ones.
  const isWorth = (slow: Slowdown): boolean => isMeasured || !(lostIn(slow, rows) < leastLostMs);
  const growth = growthIn(rows, {
    settling: [...firstTimes(curve, reading, settleRows).value],
    factor: isMeasured ? growthFactor : factorBetween,
    isPerEpoch: isRowPerEpoch(curve, epochs),
  });
  const open = slowdownTo(walk, null, isMeasured);
  return {
    rows,
    from,
    isMeasured,
    start: median(rows.value.subarray(0, fewestRows)),
    smooth,
    slowdowns: [...walk.slowdowns, ...(open === undefined ? [] : [open])].filter(isWorth),
    growth: growth !== null && isWorth(growth) ? growth : null,
  };
}

/** Milliseconds that the slow rows took beyond the usual pace. */
function lostIn({ row, rows: count, usual }: Slowdown, rows: Curve): number {
  let lost = 0;
  for (let i = Math.max(1, row); i < row + count; i++)
    lost += (at(rows.time, i) - at(rows.time, i - 1)) * Math.max(0, 1 - usual / at(rows.value, i));
  return lost;
}

/** The open slowdown, when it ended at this row or goes on, and lasted. */
function slowdownTo(
  { open, step, value }: Readonly<Walk>,
  end: number | null,
  isMeasured: boolean,
): Slowdown | undefined {
  if (open === null) return undefined;
  const to = end ?? value.length;
  const now = median(value.slice(open.row, to));
  const bar = open.usual + 0.5 * (open.bar - open.usual);
  // The median that opened it is some rows late.
  let row = open.row;
  while (row > 0 && at(value, row - 1) > bar) row -= 1;
  const slow = Float64Array.from(value.slice(row));
  const rises = end === null && isRising(slow);
  const isClear =
    end === null &&
    to - row >= clearShare * to &&
    Math.min(...value.slice(row)) > Math.max(clearFactor * open.usual, ...value.slice(0, row));
  // What opened it saw no rows but those that were older than its median.
  const usual = isClear && !rises ? median(value.slice(Math.max(0, row - bandRows), row)) : open.usual;
  const least = rises
    ? fewestRisingRows
    : isClear
      ? lastingRowsClear
      : now >= (isMeasured ? lastingFactor : lastingFactorUnmeasured) * open.usual
        ? lastingRowsDoubled
        : lastingRows;
  if (to - (rises || isClear ? row : open.row) < least) return undefined;
  // What grows began to grow before it was twice the usual.
  if (rises) row = Math.max(0, row - rowsOfGrowth(slow, open.usual));
  return {
    row,
    step: at(step, row),
    usual,
    now,
    rows: to - row,
    endStep: end === null ? null : at(step, end),
    isRising: rises,
  };
}

/** Looks at the row that came last. */
function lookForSlowdown(walk: Walk, { from, isMeasured }: Reading): void {
  const row = walk.value.length - 1;
  const value = at(walk.smooth, row);
  if (walk.open !== null) {
    if (value > walk.open.usual + backShare * (walk.open.bar - walk.open.usual)) return;
    const slowdown = slowdownTo(walk, row, isMeasured);
    if (slowdown !== undefined) walk.slowdowns.push(slowdown);
    walk.open = null;
  }
  const { band } = walk;
  if (row >= smoothRows) band.push(at(walk.value, row - smoothRows));
  if (band.length < smoothRows) return;
  const usual = band.quantile(0.5);
  const factor = from === "time between rows" ? factorBetween : factorLogged;
  const bar = Math.max(factor * usual, usual + bandSigmas * spreadOfWindow(band));
  if (value >= bar) walk.open = { row, usual, bar };
}

/** Steps that count epochs, one row each. */
const isRowPerEpoch = ({ step, length }: Curve, epochs: number | undefined): boolean =>
  epochs !== undefined && at(step, length - 1) <= epochs && at(step, length - 1) - at(step, 0) === length - 1;

interface Growing {
  readonly settling: readonly number[];
  readonly factor: number;
  readonly isPerEpoch: boolean;
}

function growthIn(rows: Curve, { settling, factor, isPerEpoch }: Growing): Slowdown | null {
  const blocks = Math.min(mostBlocks, Math.floor(rows.length / fewestBlockRows));
  if (blocks < (isPerEpoch ? fewestBlocks : mostBlocks)) return null;
  const size = Math.floor(rows.length / blocks);
  const levels = Array.from({ length: blocks }, (_, b) => median(rows.value.subarray(b * size, (b + 1) * size)));
  let order = 0;
  for (let a = 0; a < blocks; a++)
    for (let b = a + 1; b < blocks; b++) order += Math.sign(at(levels, b) - at(levels, a));
  const first = at(levels, 0);
  const now = at(levels, blocks - 1);
  // A single step up also has rising blocks; growth is spread over them. One block of the middle may be odd.
  const middle = Math.floor(blocks / 2);
  const half = median(levels.slice(middle - 1, middle + 2));
  const isSpread = half - first > 0.2 * (now - first) && now - half > 0.2 * (now - first);
  const pairs = (blocks * (blocks - 1)) / 2;
  const least = blocks < mostBlocks ? pairs : factor === growthFactor ? leastOrder : leastOrderBetween;
  if (order < least || now < factor * first || !isSpread) return null;
  const usual = leastEarly([...settling, ...rows.value.subarray(0, size)]);
  const early = [...settling, ...rows.value.subarray(0, 2 * size)];
  const base = Math.min(usual, startOfGrowth(early, (now - first) / (rows.length - size)));
  const row = risenFrom(rows.value, factorLogged * base);
  return { row, step: at(rows.step, row), usual, now, rows: rows.length - row, endStep: null, isRising: true };
}
