import { mergeRow, stride, writePoint } from "./bucket-rows.ts";
import type { SeriesPoints } from "../../model/series.ts";

/** Points of a bucket at each level: 16, 256, 4096. */
export const fanOut = 16;
export const levels = 3;
export const pointsPerBucket = (level: number): number => fanOut ** level;

/** A level that every closed segment has rows of, however short the segment is. */
export const baseLevel = 2;

/** Receives each bucket when it is complete. `offset` points to its row in `data`, which is reused afterwards. */
export type Emit = (level: number, data: Float64Array, offset: number) => void;

/**
 * The open buckets of a series, one a level: points go into level 1, a full bucket is emitted and
 * merged into the next level. Buckets never span segments: `close` emits the short ones of a segment
 * that ends, up to the first level that holds the whole segment (at least `baseLevel`).
 */
export class Accumulator {
  readonly data = new Float64Array(levels * stride);

  /** Adds points `from` to `to`, all of one segment; `ordinal` is that of point `from`. */
  add(points: SeriesPoints, from: number, to: number, segment: number, ordinal: number, emit: Emit): void {
    const { step, time, value } = points;
    let next = from;
    while (next < to) {
      const room = fanOut - (this.data[2] ?? 0);
      const end = Math.min(to, next + room);
      this.fill(step, time, value, next, end, segment, ordinal + (next - from));
      next = end;
      if (this.data[2] === fanOut) this.complete(1, emit);
    }
  }

  close(points: number, emit: Emit): void {
    let top = 1;
    while (top < levels && pointsPerBucket(top) < points) top += 1;
    const highest = Math.max(top, baseLevel);
    for (let level = 1; level <= levels; level++) {
      const at = (level - 1) * stride;
      if (this.data[at + 2] === 0) continue;
      if (level <= highest) emit(level, this.data, at);
      if (level < levels) this.mergeUp(level);
      this.data.fill(0, at, at + stride);
    }
  }

  /** Puts a complete bucket of `level` that was stored before under the open one of the level above; used to restore. */
  restoreRow(level: number, source: Float64Array, offset: number): void {
    const at = level * stride;
    if (this.data[at + 2] === 0) this.data.set(source.subarray(offset, offset + stride), at);
    else mergeRow(this.data, at, source, offset);
  }

  private complete(level: number, emit: Emit): void {
    const at = (level - 1) * stride;
    emit(level, this.data, at);
    if (level < levels) {
      this.mergeUp(level);
      this.data.fill(0, at, at + stride);
      if ((this.data[at + stride + 2] ?? 0) >= pointsPerBucket(level + 1)) this.complete(level + 1, emit);
    } else this.data.fill(0, at, at + stride);
  }

  private mergeUp(level: number): void {
    this.restoreRow(level, this.data, (level - 1) * stride);
  }

  /** The hot loop of ingest: everything of the level-1 bucket in local variables. */
  private fill(
    step: Float64Array,
    time: Float64Array,
    value: Float64Array,
    from: number,
    to: number,
    segment: number,
    ordinal: number,
  ): void {
    const data = this.data;
    let begin = from;
    if (data[2] === 0) {
      writePoint(data, 0, segment, ordinal, step[from] ?? 0, time[from] ?? Number.NaN, value[from] ?? Number.NaN);
      begin += 1;
    }
    let min = data[8] ?? Number.NaN;
    let max = data[9] ?? Number.NaN;
    let minTime = data[18] ?? Number.NaN;
    let maxTime = data[19] ?? Number.NaN;
    let sum = data[12] ?? Number.NaN;
    for (let i = begin; i < to; i++) {
      const v = value[i] ?? Number.NaN;
      const s = step[i] ?? 0;
      const t = time[i] ?? Number.NaN;
      if (Number.isFinite(v)) {
        if (Number.isNaN(min)) {
          min = v;
          max = v;
          sum = v;
          data[13] = s;
          data[14] = s;
          data[10] = v;
          data[15] = s;
        } else {
          if (v < min) {
            min = v;
            data[13] = s;
          }
          if (v > max) {
            max = v;
            data[14] = s;
          }
          sum += v;
        }
        data[11] = v;
        data[16] = s;
      } else {
        if (Number.isNaN(v)) data[3] = (data[3] ?? 0) + 1;
        else if (v > 0) data[4] = (data[4] ?? 0) + 1;
        else data[5] = (data[5] ?? 0) + 1;
        if (Number.isNaN(data[17])) data[17] = s;
      }
      // Written so that a NaN on either side loses.
      if (t < minTime || Number.isNaN(minTime)) minTime = t;
      if (t > maxTime || Number.isNaN(maxTime)) maxTime = t;
    }
    data[2] = (data[2] ?? 0) + (to - begin);
    data[7] = step[to - 1] ?? 0;
    data[8] = min;
    data[9] = max;
    data[12] = sum;
    data[18] = minTime;
    data[19] = maxTime;
  }
}
