import { at, median, medianOfSorted, noiseOf, type Numbers } from "../../base/statistics.ts";

/** Numbers that a median is taken of at most: 300 give its place within 7 % of a standard deviation. */
const mostSampled = 300;

/** Rows `from` to `end` of a column, thinned evenly so that a long run costs no more than a short one. */
export function sampleOf(values: Numbers, from: number, end: number): Float64Array {
  const first = Math.max(0, from);
  const count = Math.max(0, Math.min(end, values.length) - first);
  const stride = Math.max(1, count / mostSampled);
  const taken = Math.floor(count / stride);
  // Plain loops: facts take some of these at every batch.
  const sample = new Float64Array(taken);
  let kept = 0;
  for (let i = 0; i < taken; i++) {
    const value = at(values, first + Math.floor(i * stride));
    if (Number.isFinite(value)) sample[kept++] = value;
  }
  return kept === taken ? sample : sample.slice(0, kept);
}

/** Median of the rows `from` to `end`, of a thinned sample where they are many; NaN when none is finite. */
export const levelOf = (values: Numbers, from: number, end: number): number =>
  medianOfSorted(sampleOf(values, from, end).sort());

export interface Part {
  readonly from: number;
  readonly end: number;
}

/** Rows of a block that are looked at: the mean of 32 is calm enough, and a long run costs no more than a short one. */
export const rowsOfBlock = 32;

/** A part of the curve in `count` pieces of equal length: their means, of few rows where a piece has many. */
export function blockLevels(values: Numbers, count: number, { from, end }: Part): Float64Array {
  const size = (end - from) / count;
  return Float64Array.from({ length: count }, (_, i) => {
    const start = Math.floor(from + i * size);
    const rows = Math.max(1, Math.floor(from + (i + 1) * size) - start);
    const taken = Math.min(rows, rowsOfBlock);
    let sum = 0;
    for (let k = 0; k < taken; k++) sum += at(values, start + Math.floor((k * rows) / taken));
    return sum / taken;
  });
}

/** Noise between neighbours in a few places of the rows, see `noiseOf`; thinning the rows would count the trend in. */
export function noiseWithin(values: Float64Array, from: number, end: number): number {
  const pieces = 8;
  const rows = 40;
  if (end - from <= pieces * rows) return noiseOf(values.subarray(from, end).filter((value) => Number.isFinite(value)));
  const size = (end - from) / pieces;
  return median(
    Array.from({ length: pieces }, (_, i) => {
      const start = Math.floor(from + i * size);
      return noiseOf(values.subarray(start, start + rows).filter((value) => Number.isFinite(value)));
    }),
  );
}
