import type { SeriesPoints } from "../../model/series.ts";
import { field, mergeRow, stride } from "./bucket-rows.ts";

/** Buckets of a level hold this many of the level below; those of level 1 this many points. */
export const fanOut = 16;
/** Levels that are stored: buckets of 16 and of 256 points. Coarser ones are made in memory, see overview.ts. */
export const levels = 2;
export const pointsPerBucket = (level: number): number => fanOut ** level;

/** Points `from` to `to` of `points`, all of one segment; `ordinal` is that of the first one. */
export interface Stretch {
  readonly points: Pick<SeriesPoints, "step" | "time" | "value">;
  readonly from: number;
  readonly to: number;
  readonly segment: number;
  readonly ordinal: number;
}

/** Receives each bucket when it is complete. `offset` points to its row in `data`, which is reused afterwards. */
export type Emit = (level: number, data: Float64Array, offset: number) => void;

/**
 * The open buckets of a series, one a level: points go into level 1, a full bucket is emitted and
 * merged into the next level. Buckets never span segments: `close` emits the short ones of a segment
 * that ends, at every level, so that each level alone covers all closed segments.
 */
export class Accumulator {
  readonly data = new Float64Array(levels * stride);

  add(stretch: Stretch, emit: Emit): void {
    let next = stretch.from;
    while (next < stretch.to) {
      const end = Math.min(stretch.to, next + fanOut - (this.data[field.count] ?? 0));
      this.fill(stretch, next, end);
      next = end;
      if (this.data[field.count] === fanOut) this.complete(1, emit);
    }
  }

  close(emit: Emit): void {
    for (let level = 1; level <= levels; level++) {
      if ((this.data[(level - 1) * stride + field.count] ?? 0) > 0) this.hand(level, emit);
    }
  }

  /** Puts a complete bucket of `level` under the open one of the level above. */
  mergeUp(level: number, source: Float64Array, offset: number): void {
    const at = level * stride;
    if (this.data[at + field.count] === 0) this.data.set(source.subarray(offset, offset + stride), at);
    else mergeRow(this.data, at, source, offset);
  }

  private complete(level: number, emit: Emit): void {
    this.hand(level, emit);
    if (level < levels && (this.data[level * stride + field.count] ?? 0) >= pointsPerBucket(level + 1)) {
      this.complete(level + 1, emit);
    }
  }

  private hand(level: number, emit: Emit): void {
    const at = (level - 1) * stride;
    emit(level, this.data, at);
    if (level < levels) this.mergeUp(level, this.data, at);
    this.data.fill(0, at, at + stride);
  }

  /** The hot loop of ingest: everything of the level-1 bucket that changes with each point in local variables. */
  private fill(stretch: Stretch, from: number, to: number): void {
    const { step, time, value } = stretch.points;
    const data = this.data;
    if (data[field.count] === 0) {
      data.fill(Number.NaN, field.min, stride);
      data[field.segment] = stretch.segment;
      data[field.ordinal] = stretch.ordinal + (from - stretch.from);
      data[field.lo] = step[from] ?? 0;
    }
    let min = data[field.min] ?? Number.NaN;
    let max = data[field.max] ?? Number.NaN;
    let minTime = data[field.minTime] ?? Number.NaN;
    let maxTime = data[field.maxTime] ?? Number.NaN;
    let sum = data[field.sum] ?? Number.NaN;
    for (let i = from; i < to; i++) {
      const v = value[i] ?? Number.NaN;
      const s = step[i] ?? 0;
      const t = time[i] ?? Number.NaN;
      // False for NaN and both infinities.
      if (v - v === 0) {
        if (min !== min) {
          min = v;
          max = v;
          sum = v;
          data[field.minStep] = s;
          data[field.maxStep] = s;
          data[field.first] = v;
          data[field.firstStep] = s;
        } else {
          if (v < min) {
            min = v;
            data[field.minStep] = s;
          }
          if (v > max) {
            max = v;
            data[field.maxStep] = s;
          }
          sum += v;
        }
        data[field.last] = v;
        data[field.lastStep] = s;
      } else this.countNonFinite(v, s);
      // Written so that a NaN on either side loses.
      if (t < minTime || minTime !== minTime) minTime = t;
      if (t > maxTime || maxTime !== maxTime) maxTime = t;
    }
    data[field.count] = (data[field.count] ?? 0) + (to - from);
    data[field.hi] = step[to - 1] ?? 0;
    data[field.min] = min;
    data[field.max] = max;
    data[field.sum] = sum;
    data[field.minTime] = minTime;
    data[field.maxTime] = maxTime;
  }

  private countNonFinite(value: number, step: number): void {
    const data = this.data;
    const kind = Number.isNaN(value) ? field.nan : value > 0 ? field.positiveInfinity : field.negativeInfinity;
    data[kind] = (data[kind] ?? 0) + 1;
    if (Number.isNaN(data[field.nonFiniteStep])) data[field.nonFiniteStep] = step;
  }
}
