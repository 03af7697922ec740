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

/** Columns of table `rollups` in the order of a row. */
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
  pushPoint(segment: number, ordinal: number, step: number, time: number, value: number): void {
    this.reserve(this.length + 1);
    writePoint(this.data, this.length * stride, segment, ordinal, step, time, value);
    this.length += 1;
  }
}

export function writePoint(
  data: Float64Array,
  at: number,
  segment: number,
  ordinal: number,
  step: number,
  time: number,
  value: number,
): void {
  data[at] = segment;
  data[at + 1] = ordinal;
  data[at + 2] = 1;
  data[at + 3] = Number.isNaN(value) ? 1 : 0;
  data[at + 4] = value === Number.POSITIVE_INFINITY ? 1 : 0;
  data[at + 5] = value === Number.NEGATIVE_INFINITY ? 1 : 0;
  data[at + 6] = step;
  data[at + 7] = step;
  const finite = Number.isFinite(value);
  data.fill(finite ? value : Number.NaN, at + 8, at + 12);
  data[at + 12] = finite ? value : Number.NaN;
  data.fill(finite ? step : Number.NaN, at + 13, at + 17);
  data[at + 17] = finite ? Number.NaN : step;
  data[at + 18] = time;
  data[at + 19] = time;
}

/** Merges the row at `from` of `source` into the one at `at` of `data`, which comes before it and holds at least one point. */
export function mergeRow(data: Float64Array, at: number, source: Float64Array, from: number): void {
  const get = (column: number): number => source[from + column] ?? 0;
  const own = (column: number): number => data[at + column] ?? 0;
  data[at + 2] = own(2) + get(2);
  data[at + 3] = own(3) + get(3);
  data[at + 4] = own(4) + get(4);
  data[at + 5] = own(5) + get(5);
  data[at + 7] = get(7);
  if (!Number.isNaN(get(8))) {
    if (Number.isNaN(own(8))) {
      for (let column = 8; column <= 16; column++) data[at + column] = get(column);
    } else {
      if (get(8) < own(8)) {
        data[at + 8] = get(8);
        data[at + 13] = get(13);
      }
      if (get(9) > own(9)) {
        data[at + 9] = get(9);
        data[at + 14] = get(14);
      }
      data[at + 11] = get(11);
      data[at + 12] = own(12) + get(12);
      data[at + 16] = get(16);
    }
  }
  if (Number.isNaN(own(17))) data[at + 17] = get(17);
  // Written so that a NaN on either side loses.
  if (!(own(18) <= get(18)) && !Number.isNaN(get(18))) data[at + 18] = get(18);
  if (!(own(19) >= get(19)) && !Number.isNaN(get(19))) data[at + 19] = get(19);
}
