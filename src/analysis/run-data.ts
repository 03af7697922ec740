import { assert } from "../base/assert.ts";
import type { Decoded } from "../model/batch.ts";
import type { FlatConfig, Scalar } from "../model/config.ts";
import type { LogRecord } from "../model/record.ts";
import type { RunKind, RunStatus } from "../model/run.ts";
import { seriesId, type Labels, type SeriesPoints } from "../model/series.ts";

/** One series as rules see it: columns of equal length in arrival order, steps may go back at a resume. */
export interface SeriesData {
  readonly id: string;
  readonly name: string;
  readonly labels: Labels;
  readonly length: number;
  /** Views of exactly `length` items; valid until the next append. */
  readonly step: Float64Array;
  readonly time: Float64Array;
  readonly value: Float64Array;
}

export interface RunInfo {
  readonly id: string | null;
  readonly name: string;
  readonly kind: RunKind;
  readonly source: string;
  readonly dialect: string | null;
  readonly status: RunStatus;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly exitStatus: number | null;
}

/**
 * Everything the engine may look at of one run. Grows by `append`; each part carries a version,
 * so that a diagnosis repeated after an append recomputes only what the new data can change.
 */
export class RunData {
  info: RunInfo;
  readonly config: Map<string, Scalar> = new Map();
  readonly records: LogRecord[] = [];
  /** Milliseconds since the epoch of this diagnosis; null when reading a run that is over. */
  clock: number | null = null;
  infoVersion = 0;
  configVersion = 0;
  /** Smallest and largest step of any series; infinite while there is no point. */
  firstStep = Number.POSITIVE_INFINITY;
  lastStep = Number.NEGATIVE_INFINITY;
  readonly #series = new Map<string, GrowingSeries>();
  readonly #inOrder: GrowingSeries[] = [];
  #spanned: Float64Array | undefined;

  constructor(info: RunInfo) {
    this.info = info;
  }

  get series(): Iterable<SeriesData> {
    return this.#series.values();
  }

  get seriesCount(): number {
    return this.#series.size;
  }

  /** Those that came after the first `count`. */
  seriesAfter(count: number): readonly SeriesData[] {
    return this.#inOrder.slice(count);
  }

  setInfo(changes: Partial<RunInfo>): void {
    this.info = { ...this.info, ...changes };
    this.infoVersion += 1;
  }

  setConfig(config: FlatConfig): void {
    for (const [key, value] of Object.entries(config)) this.config.set(key, value);
    this.configVersion += 1;
  }

  /** Takes the columns over: nobody may write to them any more. */
  append(decoded: Pick<Decoded, "series" | "records">): void {
    for (const points of decoded.series) this.appendPoints(points);
    for (const record of decoded.records) this.records.push(record);
  }

  appendPoints(points: SeriesPoints): void {
    const id = seriesId(points.name, points.labels);
    let series = this.#series.get(id);
    if (series === undefined) {
      series = new GrowingSeries(id, points.name, points.labels);
      this.#series.set(id, series);
      this.#inOrder.push(series);
    }
    series.append(points);
    // The machine's own series count seconds, not steps of training.
    if (!points.name.startsWith("system/")) this.#span(points.step);
  }

  #span(steps: Float64Array): void {
    // Metrics of the same rows often share the column of their steps.
    if (steps === this.#spanned) return;
    this.#spanned = steps;
    for (let i = 0; i < steps.length; i++) {
      const step = steps[i] ?? Number.NaN;
      if (step < this.firstStep) this.firstStep = step;
      if (step > this.lastStep) this.lastStep = step;
    }
  }
}

class GrowingSeries implements SeriesData {
  readonly id: string;
  readonly name: string;
  readonly labels: Labels;
  length = 0;
  step: Float64Array = new Float64Array(0);
  time: Float64Array = new Float64Array(0);
  value: Float64Array = new Float64Array(0);
  #steps: Float64Array = this.step;
  #times: Float64Array = this.time;
  #values: Float64Array = this.value;

  constructor(id: string, name: string, labels: Labels) {
    this.id = id;
    this.name = name;
    this.labels = labels;
  }

  append({ step, time, value }: SeriesPoints): void {
    assert(step.length === value.length && time.length === value.length, `columns of ${this.id} differ in length`);
    if (this.length === 0) {
      // A run that is over comes as whole columns, which need no copy.
      this.#steps = step;
      this.#times = time;
      this.#values = value;
      this.length = value.length;
      this.step = step;
      this.time = time;
      this.value = value;
      return;
    }
    const length = this.length + value.length;
    if (length > this.#values.length) {
      const capacity = Math.max(length, this.#values.length * 2, 64);
      this.#steps = grown(this.#steps, capacity);
      this.#times = grown(this.#times, capacity);
      this.#values = grown(this.#values, capacity);
    }
    this.#steps.set(step, this.length);
    this.#times.set(time, this.length);
    this.#values.set(value, this.length);
    this.length = length;
    this.step = this.#steps.subarray(0, length);
    this.time = this.#times.subarray(0, length);
    this.value = this.#values.subarray(0, length);
  }
}

function grown(array: Float64Array, capacity: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(capacity);
  larger.set(array);
  return larger;
}
