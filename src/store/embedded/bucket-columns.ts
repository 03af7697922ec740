import type { Buckets } from "../store.ts";
import { field } from "./bucket-rows.ts";
import type { BucketRows } from "./bucket-rows.ts";

/** Turns rows into the columns of the store's contract. */
export function toBuckets(id: string, rows: BucketRows, smoothed: Float64Array | undefined): Buckets {
  const column = (index: number): Float64Array => {
    const values = new Float64Array(rows.length);
    for (let row = 0; row < rows.length; row++) values[row] = rows.at(row, index);
    return values;
  };
  const count = column(field.count);
  return {
    id,
    segment: Int32Array.from(column(field.segment)),
    count,
    nan: column(field.nan),
    positiveInfinity: column(field.positiveInfinity),
    negativeInfinity: column(field.negativeInfinity),
    min: column(field.min),
    max: column(field.max),
    first: column(field.first),
    last: column(field.last),
    sum: column(field.sum),
    minStep: column(field.minStep),
    maxStep: column(field.maxStep),
    firstStep: column(field.firstStep),
    lastStep: column(field.lastStep),
    nonFiniteStep: column(field.nonFiniteStep),
    firstTime: column(field.minTime),
    lastTime: column(field.maxTime),
    smoothed,
    points: count.reduce((sum, points) => sum + points, 0),
  };
}
