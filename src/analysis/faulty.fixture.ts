/** One family of runs per fault, made from a seed. Each says which rule must find it and where it begins. */
import { faultyPolicies } from "./policy.fixture.ts";
import { faultyPreferences } from "./preference.fixture.ts";
import { faultySystems } from "./system.fixture.ts";
import { stabilityFaults } from "./faulty-stability.fixture.ts";
import { watchFaults } from "./faulty-watch.fixture.ts";
import { healthyRows, type Random, random, type Row, type Story, usualShape } from "./synthetic.fixture.ts";

export interface Fault {
  readonly rule: string;
  /** The first step that is bad. */
  readonly onset: number;
  readonly story: Story;
}

type Family = (next: Random) => Fault;

const every = 10;
const healthy = (next: Random, count = 200): Row[] =>
  healthyRows(next, { ...usualShape, count, noise: 0.02 + 0.05 * next.uniform(), start: 3 + 8 * next.uniform() });

const change = (rows: readonly Row[], from: number, to: (row: Row, i: number) => Row): Row[] =>
  rows.map((row, i) => (i < from ? row : to(row, i - from)));

const notANumber: Family = (next) => {
  const from = next.integer(20, 150);
  return {
    rule: "non-finite-loss",
    onset: (from + 1) * every,
    story: { rows: change(healthy(next), from, (row) => ({ ...row, loss: Number.NaN, grad_norm: Number.NaN })) },
  };
};

const hidden: Family = (next) => {
  const from = next.integer(20, 150);
  return {
    rule: "hidden-non-finite-loss",
    onset: (from + 1) * every,
    story: {
      rows: change(healthy(next), from, (row, i) => ({
        ...row,
        loss: i === 0 ? (row["loss"] ?? 0) * 0.8 : 0,
        grad_norm: Number.NaN,
      })),
    },
  };
};

const masked: Family = (next) => {
  const norm = next.uniform() < 0.5 ? 0 : Number.NaN;
  return {
    rule: "masked-labels",
    onset: every,
    story: {
      rows: healthy(next).map((row) => ({
        ...row,
        loss: 0,
        grad_norm: norm,
        ...(row["eval_loss"] === undefined ? {} : { eval_loss: Number.NaN }),
      })),
    },
  };
};

const accumulation: Family = (next) => {
  const times = next.integer(2, 16);
  return {
    rule: "accumulation-scaling",
    onset: every,
    story: {
      rows: healthy(next, 250).map((row) => ({ ...row, loss: (row["loss"] ?? 0) * times })),
      config: { gradient_accumulation_steps: times },
    },
  };
};

const badStart: Family = (next) => ({
  rule: "initial-loss-mismatch",
  onset: every,
  story: {
    rows: healthyRows(next, { ...usualShape, start: (1.8 + 20 * next.uniform()) * Math.log(32000) }),
    config: { vocab_size: 32000 },
  },
});

const spike: Family = (next) => {
  const from = next.integer(40, 150);
  const height = 0.5 + 2 * next.uniform();
  return {
    rule: "loss-spike",
    onset: (from + 1) * every,
    story: {
      rows: change(healthy(next), from, (row, i) => ({
        ...row,
        loss: (row["loss"] ?? 0) * (1 + height * Math.exp(-i / 3)),
        grad_norm: (row["grad_norm"] ?? 1) * (1 + 20 * Math.exp(-i)),
      })),
    },
  };
};

const diverging: Family = (next) => {
  const from = next.integer(40, 150);
  return {
    rule: "loss-divergence",
    onset: (from + 1) * every,
    story: {
      rows: change(healthy(next), from, (row, i) => {
        const times = 1 + 1.5 * (1 - Math.exp(-(i + 2) / 4));
        // What was learned is lost on held-out data as well.
        const { loss = 0, grad_norm: norm = 1, eval_loss: held } = row;
        const raised = { ...row, loss: loss * times, grad_norm: norm * 3 };
        return held === undefined ? raised : { ...raised, eval_loss: held * times };
      }),
    },
  };
};

const badLaunch: Family = (next) => ({
  rule: "loss-divergence",
  onset: 2 * every,
  story: {
    rows: healthy(next, 60).map((row, i) => {
      const start = 6.5 * (1 + 0.01 * next.normal());
      const loss = i === 0 ? start : start * (0.8 + 1.2 * Math.exp(-i / 12)) * (1 + 0.03 * next.normal());
      return { ...row, loss, learning_rate: 0.08, eval_loss: loss };
    }),
  },
});

const exploding: Family = (next) => {
  const from = next.integer(40, 150);
  return {
    rule: "gradient-explosion",
    onset: (from + 1) * every,
    story: {
      rows: change(healthy(next, 180), from, (row, i) => ({
        ...row,
        grad_norm: 6 * 1.5 ** Math.min(i, 20) * (row["grad_norm"] ?? 1),
      })),
    },
  };
};

const frozen: Family = (next) => ({
  rule: "no-learning",
  onset: every,
  story: {
    rows: healthy(next, 60).map((row) => ({
      ...row,
      loss: 6.46 + 0.015 * next.normal(),
      grad_norm: 0.002,
      eval_loss: 6.46,
    })),
  },
});

const overfit: Family = (next) => {
  const best = next.integer(4, 10);
  return {
    rule: "overfitting",
    onset: Number.NaN,
    story: {
      rows: healthyRows(next, { ...usualShape, count: 400, start: 6, end: 0.05, evalEvery: 20 }).map((row, i) => {
        if (row["eval_loss"] === undefined) return row;
        const evaluation = i / 20;
        const held = evaluation < best ? 2 + 0.3 * (best - evaluation) : 2 + 0.12 * (evaluation - best);
        return { ...row, eval_loss: held + 0.01 * next.normal() };
      }),
    },
  };
};

const badResume: Family = (next) => {
  const rows = healthy(next);
  const kill = next.integer(80, 150);
  const back = kill - next.integer(4, 15);
  return {
    rule: "resume-discontinuity",
    onset: (back + 1) * every,
    story: {
      rows: [
        ...rows.slice(0, kill),
        ...rows.slice(back).map((row, i) => ({
          ...row,
          loss: (row["loss"] ?? 0) * (1 + 0.35 * Math.exp(-i / 12)),
          learning_rate: 1e-3 * Math.min(1, (i + 1) / 20),
        })),
      ],
    },
  };
};

const stalled: Family = (next) => {
  const rows = healthy(next, 100);
  const last = rows.at(-1)?.time ?? 0;
  return {
    rule: "stalled-run",
    onset: 100 * every,
    story: { rows, clock: last + 700_000, info: { status: "running", exitStatus: null } },
  };
};

export const faultFamilies: ReadonlyMap<string, (seed: number) => Fault> = new Map(
  Object.entries({
    notANumber,
    hidden,
    masked,
    accumulation,
    badStart,
    spike,
    diverging,
    badLaunch,
    exploding,
    frozen,
    overfit,
    badResume,
    stalled,
    ...faultyPolicies,
    ...faultyPreferences,
    ...faultySystems,
    ...stabilityFaults,
    ...watchFaults,
  }).map(([name, family], index) => [name, (seed: number) => family(random(seed * 2003 + index))]),
);
