/** Faults that only `llmdbg.watch` shows, and the innocent runs beside them; see `faulty.fixture.ts`. */
import type { SeriesPoints } from "../model/series.ts";
import type { Fault } from "./faulty.fixture.ts";
import { healthyRows, type Random, type Row, type Story, usualShape } from "./synthetic.fixture.ts";

const every = 10;
const healthy = (next: Random): Row[] =>
  healthyRows(next, { ...usualShape, noise: 0.02 + 0.03 * next.uniform(), start: 6 + 3 * next.uniform() });

const withLogZ = (next: Random, at: (i: number) => number): Row[] =>
  healthy(next).map((row, i) => ({ ...row, "logits/log_z": at(i) + 0.3 * next.normal() }));

/** log Z goes away at an even pace, and the loss does not see it. */
const logitsDrift = (next: Random): Fault => {
  const pace = (1 + next.uniform()) * (next.uniform() < 0.5 ? -1 : 1);
  return {
    rule: "output-logit-drift",
    onset: Number.NaN,
    story: { rows: withLogZ(next, (i) => 10 + pace * i), config: { weight_decay: 0 } },
  };
};

/** log Z moves as far in the first rows, and comes to rest. */
const logitsRest = (next: Random): Story => {
  const way = 55 + 30 * next.uniform();
  return { rows: withLogZ(next, (i) => 10 - way * (1 - Math.exp(-i / 10))), config: { weight_decay: 0 } };
};

/** sqrt(mean(g^2 / v)) of one layer: near 1, but for `peaks`. */
function momentOf(next: Random, rows: readonly Row[], peaks: ReadonlySet<number>): SeriesPoints {
  const step = Float64Array.from(rows, (row) => row.step);
  return {
    name: "layer/update_rms",
    labels: { layer: "patch_embed" },
    step,
    time: new Float64Array(step.length).fill(Number.NaN),
    value: step.map((_, i) => (peaks.has(i) ? 5 + 2 * next.uniform() : 1 + 0.15 * next.uniform())),
  };
}

/** The gradient is far above what Adam's second moment knew, more than once. */
const momentLags = (next: Random): Fault => {
  const rows = healthy(next);
  const first = next.integer(60, 90);
  return {
    rule: "second-moment-lag",
    onset: (first + 1) * every,
    story: {
      rows,
      series: [momentOf(next, rows, new Set([first, first + next.integer(20, 60)]))],
      config: { adam_beta2: 0.999 },
    },
  };
};

/** The second moment is up to date; one batch is large, does no harm and does not come again. */
const momentCalm = (next: Random): Story => {
  const rows = healthy(next);
  return {
    rows,
    series: [momentOf(next, rows, new Set([next.integer(60, 150)]))],
    config: { adam_beta2: 0.999 },
  };
};

export const watchFaults = { logitsDrift, momentLags };
export const watchFamilies = { logitsRest, momentCalm };
