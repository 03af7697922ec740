import { AppError } from "../../base/errors.ts";
import type { BucketQuery } from "../store.ts";
import { fanOut, levels } from "./accumulator.ts";
import { BucketRows, field, mergeRow, stride } from "./bucket-rows.ts";
import { fetchRows } from "./fetch-rows.ts";
import type { Range, Read } from "./fetch-rows.ts";
import type { Overview } from "./overview.ts";
import type { Alone, Overviews } from "./overviews.ts";
import type { SeriesState } from "./series-state.ts";

/** A series of at most this many points a pixel is read as points from the start. */
const rawPointsPerPixel = 4;
/** A bucket wider than this many pixels is replaced by finer ones. */
const widestPixels = 2;
/** Ranges of one series that are this many points apart are read as one. */
const nearbyPoints = 4096;

export interface Chart {
  readonly state: SeriesState;
  readonly rows: BucketRows;
}

export interface BucketSources {
  readonly read: Read;
  readonly alone: Alone;
  readonly overviews: Overviews;
}

/** Where the chart begins on the axis, and how much of it one pixel covers. */
interface Pixels {
  readonly start: number;
  readonly size: number;
}

interface Draft extends Chart {
  readonly pixels: Pixels;
}

interface Axis {
  /** Columns of a row that hold its extent on this axis. */
  readonly low: number;
  readonly high: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Reduces curves to about one bucket a pixel. First comes the overview from memory (or all points of a
 * short series); rows that reach over an end of the range become points, rows that are wider than two
 * pixels become finer rows, in at most two rounds. At the end rows are merged by pixel, never dropped,
 * so every extreme and every value that is not finite stays visible.
 */
export async function readBuckets(
  sources: BucketSources,
  states: readonly SeriesState[],
  query: BucketQuery,
): Promise<readonly Chart[]> {
  const axis = axisOf(query);
  let charts = await firstRows(sources, states, axis, query.width);
  for (let round = 0; round < 2; round++) charts = await refine(sources.read, charts, axis);
  return charts.map((chart) => ({ state: chart.state, rows: reduce(chart, axis, query.width) }));
}

function axisOf(query: BucketQuery): Axis {
  if (!Number.isInteger(query.width) || query.width < 1) {
    throw new AppError("bad-request", `width must be a whole number of pixels, not ${query.width}`);
  }
  const [low, high] = query.axis === "step" ? [field.lo, field.hi] : [field.minTime, field.maxTime];
  return { low, high, from: query.from ?? Number.NEGATIVE_INFINITY, to: query.to ?? Number.POSITIVE_INFINITY };
}

async function firstRows(
  sources: BucketSources,
  states: readonly SeriesState[],
  axis: Axis,
  width: number,
): Promise<Draft[]> {
  const { read, alone, overviews } = sources;
  const short = new Map<SeriesState, Range>();
  for (const state of states) {
    if (state.count > rawPointsPerPixel * width) continue;
    short.set(state, { series: state.key, level: 0, from: 0, to: state.count });
  }
  const long = states.filter((state) => !short.has(state));
  const [points, loaded] = await Promise.all([
    fetchRows(read, [...short.values()]),
    overviews.load({ read, alone }, long),
  ]);
  // From here on nothing waits: overviews and open buckets belong to the same moment.
  return states.map((state) => {
    const overview = loaded.get(state);
    const range = short.get(state);
    if (overview === undefined) {
      const rows = (range === undefined ? undefined : points.get(range)) ?? new BucketRows();
      return { state, rows, pixels: pixelsOf(rows, axis, width) };
    }
    const rows = overviewRows(state, overview);
    const pixels = pixelsOf(rows, axis, width);
    return { state, rows: withBase(rows, overview, axis, pixels.size), pixels };
  });
}

/** The coarse rows of the overview, and the open buckets behind them. */
function overviewRows(state: SeriesState, { coarse }: Overview): BucketRows {
  const rows = new BucketRows(coarse.length + levels);
  rows.pushAll(coarse);
  for (let level = levels; level >= 1; level--) {
    const at = (level - 1) * stride;
    const open = state.accumulator.data;
    if ((open[at + field.count] ?? 0) > 0) rows.push(open, at);
  }
  return rows;
}

/** Puts the base rows in the place of coarse rows that reach over an end of the range or are too wide. */
function withBase(rows: BucketRows, overview: Overview, axis: Axis, pixel: number): BucketRows {
  const refined = new BucketRows(rows.length);
  for (let row = 0; row < rows.length; row++) {
    if (isOutside(rows, row, axis)) continue;
    if (row < overview.coarse.length && finerLevel(rows, row, axis, pixel) !== undefined) {
      refined.pushAll(overview.base, ...overview.under(row));
    } else refined.push(rows.data, row * stride);
  }
  return refined;
}

function pixelsOf(rows: BucketRows, axis: Axis, width: number): Pixels {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let row = 0; row < rows.length; row++) {
    low = Math.min(low, nanTo(rows.at(row, axis.low), low));
    high = Math.max(high, nanTo(rows.at(row, axis.high), high));
  }
  const start = Math.max(axis.from, low);
  const size = (Math.min(axis.to, high) - start) / width;
  return { start, size: size > 0 ? size : 0 };
}

const nanTo = (value: number, other: number): number => (Number.isNaN(value) ? other : value);

const isBounded = (axis: Axis): boolean =>
  axis.from !== Number.NEGATIVE_INFINITY || axis.to !== Number.POSITIVE_INFINITY;

/** Whether a row is out of the range; one without a known time is, when the range has an end. */
function isOutside(rows: BucketRows, row: number, axis: Axis): boolean {
  const low = rows.at(row, axis.low);
  if (Number.isNaN(low)) return isBounded(axis);
  return rows.at(row, axis.high) < axis.from || low > axis.to;
}

function inRange(rows: BucketRows, axis: Axis): BucketRows {
  if (!isBounded(axis)) return rows;
  const kept = new BucketRows(rows.length);
  for (let row = 0; row < rows.length; row++) {
    if (!isOutside(rows, row, axis)) kept.push(rows.data, row * stride);
  }
  return kept;
}

/** The level of which a row should be read again, or undefined when it is fine as it is. */
function finerLevel(rows: BucketRows, row: number, axis: Axis, pixel: number): number | undefined {
  const count = rows.at(row, field.count);
  if (count === 1) return undefined;
  const low = rows.at(row, axis.low);
  const high = rows.at(row, axis.high);
  if (low < axis.from || high > axis.to) return 0;
  const widest = widestPixels * pixel;
  if (!(high - low > widest)) return undefined;
  return count > fanOut && (high - low) / fanOut <= widest ? 1 : 0;
}

async function refine(read: Read, charts: readonly Draft[], axis: Axis): Promise<Draft[]> {
  const plans = charts.map((chart) => ({ ...chart, ...plan(chart, axis) }));
  const ranges = plans.flatMap((one) => [...one.ranges]);
  if (ranges.length === 0) return [...charts];
  const found = await fetchRows(read, ranges);
  return plans.map(({ state, rows, pixels, finer }) => {
    const refined = new BucketRows(rows.length);
    for (let row = 0; row < rows.length; row++) {
      if (isOutside(rows, row, axis)) continue;
      const range = finer.get(row);
      const part = range === undefined ? undefined : found.get(range);
      if (part === undefined || !replace(refined, part, rows, row)) refined.push(rows.data, row * stride);
    }
    return { state, rows: refined, pixels };
  });
}

function plan(
  { state, rows, pixels }: Draft,
  axis: Axis,
): { finer: ReadonlyMap<number, Range>; ranges: ReadonlySet<Range> } {
  const finer = new Map<number, Range>();
  const ranges = new Set<Range>();
  const open = new Map<number, { from: number; to: number; rows: number[] }>();
  const finish = (level: number, { from, to, rows: waiting }: { from: number; to: number; rows: number[] }): void => {
    const range = { series: state.key, level, from, to };
    ranges.add(range);
    for (const row of waiting) finer.set(row, range);
    open.delete(level);
  };
  for (let row = 0; row < rows.length; row++) {
    if (isOutside(rows, row, axis)) continue;
    const level = finerLevel(rows, row, axis, pixels.size);
    if (level === undefined) continue;
    const from = rows.at(row, field.ordinal);
    const to = from + rows.at(row, field.count);
    const begun = open.get(level);
    if (begun !== undefined && from - begun.to <= nearbyPoints) {
      begun.to = to;
      begun.rows.push(row);
    } else {
      if (begun !== undefined) finish(level, begun);
      open.set(level, { from, to, rows: [row] });
    }
  }
  for (const [level, begun] of open) finish(level, begun);
  return { finer, ranges };
}

/** Appends the finer rows of one row; false, and nothing done, when they are not all there yet. */
function replace(target: BucketRows, part: BucketRows, rows: BucketRows, row: number): boolean {
  const from = rows.at(row, field.ordinal);
  const count = rows.at(row, field.count);
  const first = firstAt(part, from);
  let end = first;
  let points = 0;
  while (end < part.length && part.at(end, field.ordinal) < from + count) {
    points += part.at(end, field.count);
    end += 1;
  }
  if (points !== count) return false;
  target.pushAll(part, first, end);
  return true;
}

/** Index of the first row that begins at or after `ordinal`. */
function firstAt(rows: BucketRows, ordinal: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows.at(middle, field.ordinal) < ordinal) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Merges rows that begin in the same pixel, unless there are few of them anyway. */
function reduce(chart: Draft, axis: Axis, width: number): BucketRows {
  const { pixels } = chart;
  const rows = inRange(chart.rows, axis);
  if (rows.length <= 2 * width) return rows;
  let slot = 0;
  const byPixel = merge(rows, (row, previous) => {
    const next = Math.floor((rows.at(row, axis.low) - pixels.start) / pixels.size);
    const before = slot;
    if (!Number.isNaN(next)) slot = next;
    return slot === before && rows.at(row, field.segment) === rows.at(previous, field.segment);
  });
  if (byPixel.length <= 4 * width) return byPixel;
  // Many segments over the same steps, or a clock that jumps to and fro.
  const together = Math.ceil(byPixel.length / (2 * width));
  const sameSegment = (row: number): boolean => byPixel.at(row, field.segment) === byPixel.at(row - 1, field.segment);
  const fewer = merge(byPixel, (row) => row % together !== 0 && sameSegment(row));
  if (fewer.length <= 4 * width) return fewer;
  // More segments than a chart has pixels (every point at the same step): the one case in which they are merged.
  const across = Math.ceil(fewer.length / (2 * width));
  return merge(fewer, (row) => row % across !== 0);
}

function merge(rows: BucketRows, joins: (row: number, previous: number) => boolean): BucketRows {
  const merged = new BucketRows(Math.min(rows.length, 4096));
  for (let row = 0; row < rows.length; row++) {
    if (row > 0 && joins(row, row - 1)) mergeRow(merged.data, (merged.length - 1) * stride, rows.data, row * stride);
    else merged.push(rows.data, row * stride);
  }
  return merged;
}
