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
  /** The open buckets; undefined after opening a store, until they are needed. */
  accumulator: Accumulator | undefined;
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
    this.accumulator ??= new Accumulator();
    let from = 0;
    while (from < step.length) {
      if (this.count === 0) {
        this.firstStep = step[0] ?? Number.NaN;
        this.segments = 1;
      } else if ((step[from] ?? 0) <= this.lastStep) {
        this.accumulator.close(emit);
        this.segmentStart = this.count;
        this.segments += 1;
      }
      let to = from + 1;
      while (to < step.length && (step[to] ?? 0) > (step[to - 1] ?? 0)) to += 1;
      stage(from, to);
      this.accumulator.add({ points, from, to, segment: this.segments - 1, ordinal: this.count }, emit);
      this.summarise(points, from, to);
      from = to;
    }
  }

  /** Counts points `from` to `to`, all of the last segment. */
  summarise(points: SeriesPoints, from: number, to: number): void {
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
}
