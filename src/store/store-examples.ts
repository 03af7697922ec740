/** Small data for tests of stores. */
import type { LogRecord } from "../model/record.ts";
import type { Run } from "../model/run.ts";
import type { SeriesPoints } from "../model/series.ts";
import type { Batch } from "./store.ts";

export const exampleRun = (id: string, more: Partial<Run> = {}): Run => ({
  id,
  project: "demo",
  name: id,
  kind: "train",
  status: "running",
  source: "test",
  dialect: null,
  config: {},
  tags: [],
  environment: {},
  parent: null,
  createdAt: 1_700_000_000_000,
  endedAt: null,
  exitStatus: null,
  ...more,
});

export const exampleRecord = (more: Partial<LogRecord> = {}): LogRecord => ({
  time: null,
  level: "info",
  logger: null,
  message: "",
  exception: null,
  step: null,
  rank: null,
  group: "",
  role: null,
  ...more,
});

/** Points with consecutive steps from `firstStep`, a second apart. */
export function examplePoints(name: string, values: readonly number[], firstStep = 0): SeriesPoints {
  return {
    name,
    labels: {},
    step: Float64Array.from(values, (_, index) => firstStep + index),
    time: Float64Array.from(values, (_, index) => 1_700_000_000_000 + 1000 * (firstStep + index)),
    value: Float64Array.from(values),
  };
}

export const batchOf = (...series: SeriesPoints[]): Batch => ({ series, records: [] });

/** Small deterministic generator (mulberry32), so that a failure can be repeated from its seed. */
export function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
