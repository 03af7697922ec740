import { at, median, SortedWindow, spreadOfWindow } from "../../base/statistics.ts";
import { defineFact } from "../fact.ts";
import { stepsPerSecond, stepTime, throughput, trainLoss } from "../signals.ts";
import type { SeriesData } from "../run-data.ts";
import { type Curve, longest, whole } from "./curve.ts";
import { settledOf } from "./settled.ts";
import { plainest } from "./track.ts";

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

export interface Slowdown {
  readonly row: number;
  readonly step: number;
  readonly usual: number;
  readonly now: number;
  readonly rows: number;
  readonly endStep: number | null;
}

/** Evaluations and checkpoints pause single rows; a median of nine does not see them. */
const smoothRows = 9;
/** The first rows compile, fill caches and start workers. */
const settleRows = 3;
const fewestRows = 30;
const mostRows = 4096;
const bandRows = 100;
/** A logged step time or throughput is exact; the time between rows also holds evaluations, buffers and other work. */
const factorLogged = 1.3;
/** marin#2830 asks for an alert when the step time has doubled. */
const factorBetween = 2;
const bandSigmas = 6;
const backShare = 0.3;
/** As many rows as three running medians; as two where each step is measured to take twice as long, which noise does not keep up. */
const lastingRows = 25;
const lastingRowsDoubled = 18;
/**
 * What nobody measured as a step, and cost less than this in all, is not worth a line: steps of some milliseconds are
 * slowed down for that long by any other process.
 */
const leastLostMs = 10_000;
/** Growth: of the pairs of ten blocks nearly all have the later one slower, by half in all (of a logged time). */
const blocks = 10;
const fewestBlockRows = 3;
/** Kendall's tau; by chance 1 in 2,000 orders of ten blocks has as much. */
const leastOrder = 0.78;
const leastOrderBetween = 0.87;
const growthFactor = 1.5;

/** The series that says it best. */
const clock = defineFact<Curve>({
  id: "step time, throughput or times of rows",
  derive(run) {
    const candidates = [
      plainest(unranked(run.series(stepTime))),
      plainest(unranked(run.series(throughput))),
      plainest(unranked(run.series(stepsPerSecond))),
      longest(run.series(trainLoss)),
    ];
    const best = candidates.find((series) => series !== undefined && series.length >= fewestRows);
    return best === undefined ? undefined : whole(best);
  },
});

/** A long run is looked at anew when another piece of it is full. */
const course = settledOf(clock);

export const pace = defineFact<Pace>({
  id: clock.id,
  derive(_run, get) {
    const curve = get(course);
    if (curve === undefined) return undefined;
    const name = curve.series.replace(/\{.*$/, "");
    if (stepTime.matches(name, {}))
      return paceOf(
        positive(curve, (value) => value),
        "step time",
      );
    const isMeasured = throughput.matches(name, {});
    if (isMeasured || stepsPerSecond.matches(name, {}))
      return paceOf(
        positive(curve, (value) => 1 / value),
        "throughput",
        isMeasured,
      );
    return paceOf(between(curve), "time between rows");
  },
});

/** One series for the whole run: what each rank measures is another question. */
const unranked = (all: readonly SeriesData[]): SeriesData[] =>
  all.filter(({ labels }) => labels["rank"] === undefined || labels["rank"] === "0");

/** Rows between those that are looked at: a pace needs no more than a few thousand of them, however long the run. */
function strideOf(series: Curve): number {
  let stride = 1;
  while (series.length / stride > mostRows) stride *= 2;
  return stride;
}

function positive(series: Curve, of: (value: number) => number): Curve {
  const rows: number[] = [];
  const stride = strideOf(series);
  for (let i = settleRows; i < series.length; i += stride)
    if (at(series.value, i) > 0 && at(series.value, i) < 1e15) rows.push(i);
  return {
    series: series.series,
    step: Float64Array.from(rows, (i) => at(series.step, i)),
    time: Float64Array.from(rows, (i) => at(series.time, i)),
    value: Float64Array.from(rows, (i) => of(at(series.value, i))),
    length: rows.length,
  };
}

/** Time per step between neighbouring rows. Rows that came in one piece of output have no time of their own. */
function between(losses: Curve): Curve {
  const rows: number[] = [];
  const values: number[] = [];
  const stride = strideOf(losses);
  let before = settleRows;
  for (let i = settleRows + stride; i < losses.length; i += stride) {
    const steps = at(losses.step, i) - at(losses.step, before);
    const time = at(losses.time, i) - at(losses.time, before);
    if (steps <= 0 || time < 0) before = i;
    if (!(steps > 0 && time > 0)) continue;
    rows.push(i);
    values.push(time / steps);
    before = i;
  }
  return {
    series: losses.series,
    step: Float64Array.from(rows, (i) => at(losses.step, i)),
    time: Float64Array.from(rows, (i) => at(losses.time, i)),
    value: Float64Array.from(values),
    length: rows.length,
  };
}

function paceOf(rows: Curve, from: Pace["from"], isMeasured = from !== "time between rows"): Pace | undefined {
  if (rows.length < fewestRows) return undefined;
  const window = new SortedWindow(smoothRows);
  const smooth = new Float64Array(rows.length);
  for (let i = 0; i < rows.length; i++) {
    window.push(at(rows.value, i));
    smooth[i] = window.quantile(0.5);
  }
  const factor = from === "time between rows" ? factorBetween : factorLogged;
  // Times that are not known count as long ones.
  const isWorth = (slow: Slowdown): boolean => isMeasured || !(lostIn(slow, rows) < leastLostMs);
  const growth = growthIn(rows, smooth, isMeasured ? growthFactor : factorBetween);
  return {
    rows,
    from,
    isMeasured,
    start: median(rows.value.subarray(0, fewestRows)),
    smooth,
    slowdowns: slowdownsIn(rows, { smooth, factor, isMeasured }).filter(isWorth),
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

function slowdownsIn(
  rows: Curve,
  { smooth, factor, isMeasured }: { smooth: Float64Array; factor: number; isMeasured: boolean },
): Slowdown[] {
  const band = new SortedWindow(bandRows);
  const found: Slowdown[] = [];
  let open: { row: number; usual: number; bar: number } | null = null;
  const close = (end: number | null): void => {
    if (open === null) return;
    const to = end ?? rows.length;
    const now = median(rows.value.subarray(open.row, to));
    if (to - open.row >= (now >= 2 * open.usual && isMeasured ? lastingRowsDoubled : lastingRows)) {
      const bar = open.usual + 0.5 * (open.bar - open.usual);
      let row = open.row;
      while (row > 0 && at(rows.value, row - 1) > bar) row -= 1;
      found.push({
        row,
        step: at(rows.step, row),
        usual: open.usual,
        now,
        rows: to - row,
        endStep: end === null ? null : at(rows.step, end),
      });
    }
    open = null;
  };
  for (let i = 0; i < rows.length; i++) {
    const value = at(smooth, i);
    if (open !== null) {
      if (value > open.usual + backShare * (open.bar - open.usual)) continue;
      close(i);
    }
    if (i >= smoothRows) band.push(at(rows.value, i - smoothRows));
    if (band.length < smoothRows) continue;
    const usual = band.quantile(0.5);
    const bar = Math.max(factor * usual, usual + bandSigmas * spreadOfWindow(band));
    if (value >= bar) open = { row: i, usual, bar };
  }
  close(null);
  return found;
}

function growthIn(rows: Curve, smooth: Float64Array, factor: number): Slowdown | null {
  const size = Math.floor(rows.length / blocks);
  if (size < fewestBlockRows) return null;
  const levels = Array.from({ length: blocks }, (_, b) => median(rows.value.subarray(b * size, (b + 1) * size)));
  let order = 0;
  for (let a = 0; a < blocks; a++)
    for (let b = a + 1; b < blocks; b++) order += Math.sign(at(levels, b) - at(levels, a));
  const first = at(levels, 0);
  const now = at(levels, blocks - 1);
  // A single step up also has rising blocks; growth is spread over them.
  const half = at(levels, Math.floor(blocks / 2));
  const isSpread = half - first > 0.2 * (now - first) && now - half > 0.2 * (now - first);
  const least = factor === growthFactor ? leastOrder : leastOrderBetween;
  if (order < (least * blocks * (blocks - 1)) / 2 || now < factor * first || !isSpread) return null;
  let row = rows.length - 1;
  while (row > 0 && at(smooth, row - 1) > first + 0.1 * (now - first)) row -= 1;
  return { row, step: at(rows.step, row), usual: first, now, rows: rows.length - row, endStep: null };
}
