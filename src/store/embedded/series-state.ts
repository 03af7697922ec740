import type { Labels, SeriesPoints } from "../../model/series.ts";
import { seriesId } from "../../model/series.ts";
import type { SeriesInfo } from "../store.ts";
import { Accumulator } from "./accumulator.ts";
import type { Emit } from "./accumulator.ts";
import type { Overview } from "./overview.ts";

/** What is known of a series without asking the engine; a function of its points in order of arrival. */
export class SeriesState {
  readonly key: number;
  readonly run: number;
  readonly name: string;
  readonly labels: Labels;
  readonly id: string;
  count = 0;
  nonFinite = 0;
  segments = 0;
  /** Ordinal of the first point of the last segment. */
  segmentStart = 0;
  firstStep = Number.NaN;
  lastStep = Number.NaN;
  lastValue = Number.NaN;
  lastTime = Number.NaN;
  min = Number.NaN;
  max = Number.NaN;
  /** The open buckets. */
  readonly accumulator = new Accumulator();
  /** Kept while charts of this series are drawn. */
  overview: Overview | undefined;

  constructor(key: number, run: number, name: string, labels: Labels) {
    this.key = key;
    this.run = run;
    this.name = name;
    this.labels = labels;
    this.id = seriesId(name, labels);
  }

  info(): SeriesInfo {
    return {
      id: this.id,
      name: this.name,
      labels: this.labels,
      count: this.count,
      nonFinite: this.nonFinite,
      segments: this.segments,
      firstStep: this.firstStep,
      lastStep: this.lastStep,
      lastValue: this.lastValue,
      min: this.min,
      max: this.max,
      lastTime: this.lastTime,
    };
  }

  /**
   * Takes points in, segment by segment. `stage` receives each stretch of one segment before the
   * state counts it; `emit` each bucket that becomes complete.
   */
  add(points: SeriesPoints, stage: (from: number, to: number) => void, emit: Emit): void {
    const { step } = points;
    let from = 0;
    while (from < step.length) {
      if (this.count === 0) {
        this.firstStep = step[0] ?? Number.NaN;
        this.segments = 1;
      } else if ((step[from] ?? 0) < this.lastStep) {
        this.accumulator.close(emit);
        this.segmentStart = this.count;
        this.segments += 1;
      }
      let to = from + 1;
      while (to < step.length && (step[to] ?? 0) >= (step[to - 1] ?? 0)) to += 1;
      stage(from, to);
      this.accumulator.add({ points, from, to, segment: this.segments - 1, ordinal: this.count }, emit);
      this.summarise(points, from, to);
      from = to;
    }
  }

  /** Counts points `from` to `to`, all of the last segment. */
  summarise(points: Columns, from: number, to: number): void {
    let { min, max, nonFinite, lastTime } = this;
    for (let i = from; i < to; i++) {
      const value = points.value[i] ?? Number.NaN;
      if (Number.isFinite(value)) {
        if (!(value >= min)) min = value;
        if (!(value <= max)) max = value;
      } else nonFinite += 1;
      const time = points.time[i] ?? Number.NaN;
      if (!Number.isNaN(time)) lastTime = time;
    }
    this.min = min;
    this.max = max;
    this.nonFinite = nonFinite;
    this.lastTime = lastTime;
    this.count += to - from;
    this.lastStep = points.step[to - 1] ?? Number.NaN;
    this.lastValue = points.value[to - 1] ?? Number.NaN;
  }

  /** Restoring: counts complete buckets that follow what is counted so far. */
  cover(part: {
    readonly segment: number;
    readonly ordinal: number;
    readonly count: number;
    readonly nonFinite: number;
    readonly lo: number;
    readonly hi: number;
  }): void {
    if (this.count === 0) this.firstStep = part.lo;
    if (this.segments !== part.segment + 1) {
      this.segments = part.segment + 1;
      this.segmentStart = part.ordinal;
    }
    this.count += part.count;
    this.nonFinite += part.nonFinite;
    this.lastStep = part.hi;
  }

  /** Restoring: takes the range of finite values of a part in; NaN when it has none. */
  widen(min: number, max: number): void {
    if (!Number.isNaN(min) && !(min >= this.min)) this.min = min;
    if (!Number.isNaN(max) && !(max <= this.max)) this.max = max;
  }

  /** Restoring: the value and time of the last point that is counted. */
  see({ time, value }: Columns, row: number): void {
    this.lastValue = value[row] ?? Number.NaN;
    const known = time[row] ?? Number.NaN;
    if (!Number.isNaN(known)) this.lastTime = known;
  }

  /** Restoring: takes a stored point in that is in no complete bucket. */
  resume(points: Columns, row: number, segment: number): void {
    if (this.count === 0) this.firstStep = points.step[row] ?? Number.NaN;
    if (this.segments !== segment + 1) {
      this.segments = segment + 1;
      this.segmentStart = this.count;
    }
    this.accumulator.add({ points, from: row, to: row + 1, segment, ordinal: this.count }, () => {});
    this.summarise(points, row, row + 1);
  }
}

type Columns = Pick<SeriesPoints, "step" | "time" | "value">;
