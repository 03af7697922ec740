import { unknown } from "./schema.ts";

/**
 * Buckets as rows of one Float64Array, so that a reduction allocates nothing per bucket.
 *
 * Row layout (`stride` numbers), after segment and the ordinal of the first point:
 *
 *     count nan +inf -inf | lo hi | min max first last sum | minStep maxStep firstStep lastStep | nonFiniteStep | minTime maxTime
 *
 * `lo` and `hi` are the steps of the first and the last point, finite or not. min ... lastStep are of
 * finite values only, NaN when there are none. minTime and maxTime are the earliest and latest known
 * time, NaN when none is known.
 */
export const stride = 20;

export const field = {
  segment: 0,
  ordinal: 1,
  count: 2,
  nan: 3,
  positiveInfinity: 4,
  negativeInfinity: 5,
  lo: 6,
  hi: 7,
  min: 8,
  max: 9,
  first: 10,
  last: 11,
  sum: 12,
  minStep: 13,
  maxStep: 14,
  firstStep: 15,
  lastStep: 16,
  nonFiniteStep: 17,
  minTime: 18,
  maxTime: 19,
} as const;

/** Columns of table `rollups` in the order of a row. Those from `non_finite_step` on hold `unknown` for NaN. */
export const rowColumns = [
  "segment",
  "ordinal",
  "count",
  "nan",
  "positive_infinity",
  "negative_infinity",
  "lo",
  "hi",
  "min",
  "max",
  "first",
  "last",
  "sum",
  "min_step",
  "max_step",
  "first_step",
  "last_step",
  "non_finite_step",
  "min_time",
  "max_time",
] as const;

/** The columns of a row in SQL, NaN where it is unknown. */
export const readRow = rowColumns
  .map((name, column) =>
    column < field.nonFiniteStep ? name : `CASE WHEN ${name} = ${unknown} THEN 'nan'::DOUBLE ELSE ${name} END`,
  )
  .join(", ");

/** A growing list of rows. */
export class BucketRows {
  data: Float64Array;
  length = 0;

  constructor(capacity = 16) {
    this.data = new Float64Array(capacity * stride);
  }

  get bytes(): number {
    return this.data.byteLength;
  }

  at(row: number, column: number): number {
    return this.data[row * stride + column] ?? Number.NaN;
  }

  reserve(rows: number): void {
    if (rows * stride <= this.data.length) return;
    const grown = new Float64Array(Math.max(rows, this.length * 2) * stride);
    grown.set(this.data.subarray(0, this.length * stride));
    this.data = grown;
  }

  /** Appends a copy of the row at `offset` (in numbers, not rows) of `source`. */
  push(source: Float64Array, offset: number): void {
    this.reserve(this.length + 1);
    this.data.set(source.subarray(offset, offset + stride), this.length * stride);
    this.length += 1;
  }

  pushAll(rows: BucketRows, from = 0, to = rows.length): void {
    if (to <= from) return;
    this.reserve(this.length + (to - from));
    this.data.set(rows.data.subarray(from * stride, to * stride), this.length * stride);
    this.length += to - from;
  }

  /** Appends row `index` of columns in the order of a row. */
  pushFrom(columns: readonly Float64Array[], index: number): void {
    this.reserve(this.length + 1);
    const at = this.length * stride;
    for (let column = 0; column < stride; column++) this.data[at + column] = columns[column]?.[index] ?? Number.NaN;
    this.length += 1;
  }

  /** Rows come from the engine in order of arrival as a rule; this makes it certain. */
  sortByOrdinal(): void {
    let sorted = true;
    for (let row = 1; row < this.length && sorted; row++) sorted = this.at(row, 1) > this.at(row - 1, 1);
    if (sorted) return;
    const order = Array.from({ length: this.length }, (_, row) => row).sort((a, b) => this.at(a, 1) - this.at(b, 1));
    const data = new Float64Array(this.length * stride);
    for (const [to, from] of order.entries()) {
      data.set(this.data.subarray(from * stride, (from + 1) * stride), to * stride);
    }
    this.data = data;
  }

  /** Appends a point as a bucket of one. */
  pushPoint(points: PointColumns, index: number): void {
    this.reserve(this.length + 1);
    const data = this.data;
    const at = this.length * stride;
    const step = points.step[index] ?? 0;
    const value = points.value[index] ?? Number.NaN;
    const time = points.time[index] ?? Number.NaN;
    data[at] = points.segment[index] ?? 0;
    data[at + field.ordinal] = points.ordinal[index] ?? 0;
    data[at + field.count] = 1;
    data[at + field.nan] = Number.isNaN(value) ? 1 : 0;
    data[at + field.positiveInfinity] = value === Number.POSITIVE_INFINITY ? 1 : 0;
    data[at + field.negativeInfinity] = value === Number.NEGATIVE_INFINITY ? 1 : 0;
    data[at + field.lo] = step;
    data[at + field.hi] = step;
    const finite = Number.isFinite(value);
    data.fill(finite ? value : Number.NaN, at + field.min, at + field.minStep);
    data.fill(finite ? step : Number.NaN, at + field.minStep, at + field.nonFiniteStep);
    data[at + field.nonFiniteStep] = finite ? Number.NaN : step;
    data[at + field.minTime] = time;
    data[at + field.maxTime] = time;
    this.length += 1;
  }
}

/** Points as they come from the engine. */
export interface PointColumns {
  readonly segment: Int32Array;
  readonly ordinal: Int32Array;
  readonly step: Float64Array;
  readonly time: Float64Array;
  readonly value: Float64Array;
}

/** Merges the row at `from` of `source` into the one at `at` of `data`, which comes before it and holds at least one point. */
export function mergeRow(data: Float64Array, at: number, source: Float64Array, from: number): void {
  for (let column = field.count; column <= field.negativeInfinity; column++) {
    data[at + column] = (data[at + column] ?? 0) + (source[from + column] ?? 0);
  }
  data[at + field.hi] = source[from + field.hi] ?? 0;
  const min = source[from + field.min] ?? Number.NaN;
  const ownMin = data[at + field.min] ?? Number.NaN;
  if (!Number.isNaN(min)) {
    if (Number.isNaN(ownMin)) {
      for (let column = field.min; column <= field.lastStep; column++) {
        data[at + column] = source[from + column] ?? Number.NaN;
      }
    } else {
      if (min < ownMin) {
        data[at + field.min] = min;
        data[at + field.minStep] = source[from + field.minStep] ?? Number.NaN;
      }
      const max = source[from + field.max] ?? Number.NaN;
      if (max > (data[at + field.max] ?? Number.NaN)) {
        data[at + field.max] = max;
        data[at + field.maxStep] = source[from + field.maxStep] ?? Number.NaN;
      }
      data[at + field.last] = source[from + field.last] ?? Number.NaN;
      data[at + field.sum] = (data[at + field.sum] ?? 0) + (source[from + field.sum] ?? 0);
      data[at + field.lastStep] = source[from + field.lastStep] ?? Number.NaN;
    }
  }
  if (Number.isNaN(data[at + field.nonFiniteStep])) {
    data[at + field.nonFiniteStep] = source[from + field.nonFiniteStep] ?? Number.NaN;
  }
  const minTime = source[from + field.minTime] ?? Number.NaN;
  const maxTime = source[from + field.maxTime] ?? Number.NaN;
  // Written so that a NaN on either side loses.
  if (!Number.isNaN(minTime)) {
    if (!((data[at + field.minTime] ?? Number.NaN) <= minTime)) data[at + field.minTime] = minTime;
    if (!((data[at + field.maxTime] ?? Number.NaN) >= maxTime)) data[at + field.maxTime] = maxTime;
  }
}
