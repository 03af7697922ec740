/**
 * Runs made of seeded noise, for tests: healthy families that look bad in one way or another, and
 * faults of each kind. They follow what real logs look like and are not copied from any.
 */
import type { FlatConfig } from "../model/config.ts";
import { LogRecord } from "../model/record.ts";
import type { SeriesPoints } from "../model/series.ts";
import { RunData, type RunInfo } from "./run-data.ts";

export interface Random {
  uniform(): number;
  normal(): number;
  integer(from: number, to: number): number;
}

/** Mulberry32: small, seeded, the same everywhere. */
export function random(seed: number): Random {
  let state = seed >>> 0;
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return {
    uniform,
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    integer: (from, to) => from + Math.floor(uniform() * (to - from + 1)),
  };
}

/** Rows of several metrics; NaN is a value, a missing key is no point. */
export type Row = { readonly step: number; readonly time?: number } & Readonly<Record<string, number>>;

export interface Story {
  readonly rows: readonly Row[];
  readonly config?: FlatConfig;
  readonly records?: readonly Partial<LogRecord>[];
  /** Series with labels, whole from the start. */
  readonly series?: readonly SeriesPoints[];
  readonly info?: Partial<RunInfo>;
  readonly clock?: number;
}

export const noInfo: RunInfo = {
  id: null,
  name: "synthetic",
  kind: "train",
  source: "test",
  dialect: "hf",
  status: "finished",
  startedAt: null,
  endedAt: null,
  exitStatus: 0,
};

/** The first `count` rows of a story as a run. */
export function runOf(story: Story, count = story.rows.length): RunData {
  const run = new RunData({ ...noInfo, ...story.info });
  if (story.config !== undefined) run.setConfig(story.config);
  appendRows(run, story.rows.slice(0, count));
  const records = (story.records ?? []).map((record) =>
    LogRecord.parse({ time: null, level: "info", message: "", ...record }),
  );
  run.append({ series: story.series ?? [], records });
  run.clock = story.clock ?? null;
  return run;
}

export function appendRows(run: RunData, rows: readonly Row[]): void {
  const names = new Set(rows.flatMap((row) => Object.keys(row)));
  names.delete("step");
  names.delete("time");
  for (const name of names) {
    const having = rows.filter((row) => row[name] !== undefined);
    run.appendPoints({
      name,
      labels: {},
      step: Float64Array.from(having, (row) => row.step),
      time: Float64Array.from(having, (row) => row.time ?? Number.NaN),
      value: Float64Array.from(having, (row) => row[name] ?? Number.NaN),
    });
  }
}

export interface HealthyShape {
  readonly count: number;
  readonly every: number;
  readonly start: number;
  readonly end: number;
  /** Relative noise of the loss. */
  readonly noise: number;
  readonly norm: number;
  /** Standard deviation of the logarithm of the gradient norm. */
  readonly normNoise: number;
  readonly rate: number;
  readonly warmUp: number;
  readonly schedule: "linear" | "cosine" | "constant";
  readonly evalEvery: number;
  /** Heavy tails: now and then a batch is much harder. */
  readonly tail: number;
}

export const usualShape: HealthyShape = {
  count: 200,
  every: 10,
  start: 8,
  end: 2,
  noise: 0.03,
  norm: 1,
  normNoise: 0.15,
  rate: 1e-3,
  warmUp: 0.05,
  schedule: "linear",
  evalEvery: 20,
  tail: 0,
};

export const rateAt = (shape: HealthyShape, share: number): number => {
  if (share < shape.warmUp) return (shape.rate * share) / shape.warmUp;
  if (shape.schedule === "constant") return shape.rate;
  const done = (share - shape.warmUp) / (1 - shape.warmUp);
  return shape.schedule === "linear" ? shape.rate * (1 - done) : shape.rate * 0.5 * (1 + Math.cos(Math.PI * done));
};

/** A loss that falls as a power of the step towards its end, with noise. */
export function healthyRows(next: Random, shape: HealthyShape): Row[] {
  const speed = 20 / shape.count;
  return Array.from({ length: shape.count }, (_, i): Row => {
    const gained = 1 - (1 + i * speed) ** -0.8;
    const mean = shape.start + (shape.end - shape.start) * gained;
    const tail = shape.tail > 0 && next.uniform() < shape.tail ? 1 + 0.4 * -Math.log(1 - next.uniform()) : 1;
    const loss = mean * Math.exp(shape.noise * next.normal() - shape.noise ** 2 / 2) * tail;
    const step = (i + 1) * shape.every;
    const row: Row = {
      step,
      time: 1_700_000_000_000 + step * 100,
      loss,
      grad_norm: shape.norm * (0.5 + gained) * tail * Math.exp(shape.normNoise * next.normal()),
      learning_rate: rateAt(shape, (i + 1) / shape.count),
    };
    const isEval = shape.evalEvery > 0 && (i + 1) % shape.evalEvery === 0;
    return isEval ? { ...row, eval_loss: mean * (1.02 + 0.004 * next.normal()) } : row;
  });
}
