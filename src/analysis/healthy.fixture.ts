/** Healthy families that look bad in one way or another. Each makes a new run from a seed. */
import { healthyPolicies } from "./policy.fixture.ts";
import { healthyPreferences } from "./preference.fixture.ts";
import { healthySystems } from "./system.fixture.ts";
import { watchFamilies } from "./faulty-watch.fixture.ts";
import { stabilityFamilies } from "./healthy-stability.fixture.ts";
import { healthyRows, type Random, random, rateAt, type Row, type Story, usualShape } from "./synthetic.fixture.ts";

type Family = (next: Random) => Story;

const scaled = (rows: readonly Row[], factor: number): Row[] =>
  rows.map((row) => ({
    ...row,
    ...(row["loss"] === undefined ? {} : { loss: row["loss"] * factor }),
    ...(row["eval_loss"] === undefined ? {} : { eval_loss: row["eval_loss"] * factor }),
    ...(row["grad_norm"] === undefined ? {} : { grad_norm: row["grad_norm"] * factor }),
  }));

const plain: Family = (next) => ({ rows: healthyRows(next, { ...usualShape, count: next.integer(60, 400) }) });

const noisy: Family = (next) => ({
  rows: healthyRows(next, {
    ...usualShape,
    noise: 0.12,
    normNoise: 0.4,
    start: 3,
    end: 1.6,
    count: next.integer(60, 500),
  }),
});

/** Batches of one or two examples: heavy tails in the loss and in the gradient. */
const smallBatch: Family = (next) => ({
  rows: healthyRows(next, {
    ...usualShape,
    noise: 0.28,
    normNoise: 0.6,
    tail: 0.05,
    start: 1.8,
    end: 1.1,
    every: 1,
    count: next.integer(100, 600),
  }),
});

const spikyGradients: Family = (next) => ({
  rows: healthyRows(next, { ...usualShape, count: 300 }).map((row) =>
    next.uniform() < 0.02 ? { ...row, grad_norm: (row["grad_norm"] ?? 1) * (8 + 30 * next.uniform()) } : row,
  ),
});

const plateau: Family = (next) => ({
  rows: [
    ...healthyRows(next, { ...usualShape, count: 80, schedule: "constant" }),
    ...Array.from({ length: 300 }, (_, i): Row => {
      const step = (81 + i) * 10;
      return {
        step,
        loss: 2.9 * (1 + 0.03 * next.normal()),
        grad_norm: Math.exp(0.2 * next.normal()),
        learning_rate: 1e-3,
      };
    }),
  ],
});

const cosine: Family = (next) => ({ rows: healthyRows(next, { ...usualShape, schedule: "cosine", count: 250 }) });

/** Warm restarts: the rate jumps back to its peak and the loss with it, a little. */
const restarts: Family = (next) => {
  const rows = healthyRows(next, { ...usualShape, count: 240, evalEvery: 0 });
  return {
    rows: rows.map((row, i) => {
      const phase = (i % 80) / 80;
      const rise = i >= 80 ? 0.6 * Math.exp(-(i % 80) / 6) : 0;
      return { ...row, loss: (row["loss"] ?? 0) + rise, learning_rate: 1e-3 * 0.5 * (1 + Math.cos(Math.PI * phase)) };
    }),
  };
};

/** Killed, and resumed from a checkpoint some rows before with everything restored. */
const resumedWell: Family = (next) => {
  const rows = healthyRows(next, { ...usualShape, count: 200 });
  const kill = next.integer(60, 150);
  const back = kill - next.integer(3, 20);
  const again = rows
    .slice(back, kill)
    .map((row) => ({ ...row, loss: (row["loss"] ?? 0) * (1 + 0.01 * next.normal()) }));
  return {
    rows: [...rows.slice(0, kill), ...again, ...rows.slice(kill)],
    records: [{ message: `Continuing training from global step ${back * 10}` }],
  };
};

const fp16: Family = (next) => {
  const rows = healthyRows(next, { ...usualShape, count: 300 });
  let scale = 65536;
  let quiet = 0;
  const records: { message: string; step: number }[] = [];
  return {
    rows: rows.map((row) => {
      quiet += 1;
      const overflows = row.step <= 30 || (quiet > 60 && next.uniform() < 0.1);
      if (overflows) {
        scale /= 2;
        quiet = 0;
        records.push({
          message: `OVERFLOW! Rank 0 Skipping step. Attempted loss scale: ${scale * 2}, reducing to ${scale}`,
          step: row.step,
        });
      } else if (quiet % 50 === 0) scale *= 2;
      return {
        ...row,
        loss_scale: scale,
        grad_norm: overflows && next.uniform() < 0.5 ? Number.NaN : (row["grad_norm"] ?? 1),
      };
    }),
    records,
    config: { fp16: true },
  };
};

/** GRPO: the loss starts at exactly 0 and wanders around it; rewards rise. */
const policy: Family = (next) => ({
  rows: Array.from({ length: 200 }, (_, i): Row => ({
    step: i + 1,
    loss: i < 3 ? 0 : 0.002 * i ** 0.3 * next.normal() + (next.uniform() < 0.03 ? 0.1 * next.normal() : 0),
    grad_norm: 0.3 * Math.exp(0.5 * next.normal()),
    learning_rate: 1e-6,
    reward: 0.2 + 0.003 * i + 0.1 * next.normal(),
    reward_std: 0.3 + 0.05 * next.normal(),
    kl: 0.0004 * i,
    "completions/mean_length": 200 + 20 * next.normal(),
  })),
});

const preference: Family = (next) => ({
  rows: Array.from({ length: 150 }, (_, i): Row => ({
    step: (i + 1) * 5,
    loss: Math.max(0.02, Math.LN2 - 0.35 * (1 - Math.exp(-i / 60)) + 0.05 * next.normal()),
    grad_norm: 12 * Math.exp(0.4 * next.normal()),
    learning_rate: 5e-7,
    "rewards/chosen": -0.008 * i + 0.1 * next.normal(),
    "rewards/rejected": -0.02 * i + 0.1 * next.normal(),
  })),
});

const largeNorm: Family = (next) => ({ rows: healthyRows(next, { ...usualShape, norm: 286, normNoise: 0.3 }) });

/** Five rows, as of a short run or a long logging interval. */
const tiny: Family = (next) => ({
  rows: healthyRows(next, {
    ...usualShape,
    count: next.integer(2, 8),
    every: 500,
    start: 1.6,
    end: 0.9,
    noise: 0.1,
    evalEvery: 1,
  }),
});

const otherScales: Family = (next) => ({
  rows: scaled(healthyRows(next, { ...usualShape, count: 250, noise: 0.06 }), 10 ** next.integer(-3, 3)),
});

/** Held-out loss at its floor, worse now and then by noise alone. */
const noisyEvals: Family = (next) => ({
  rows: healthyRows(next, { ...usualShape, count: 300, evalEvery: 10, start: 2.4, end: 1.6 }).map((row) =>
    row["eval_loss"] === undefined ? row : { ...row, eval_loss: row["eval_loss"] * (1 + 0.03 * next.normal()) },
  ),
});

/** A fine-tune that gains little, of a model that could do it already. */
const gentle: Family = (next) => ({
  rows: healthyRows(next, {
    ...usualShape,
    start: 1.35,
    end: 1.15,
    noise: 0.08,
    count: next.integer(40, 200),
    rate: 2e-5,
  }),
  config: { vocab_size: 32000, learning_rate: 2e-5, gradient_accumulation_steps: 4 },
});

/** Long warm-up: hardly any progress for the first rows. */
const slowStart: Family = (next) => {
  const shape = { ...usualShape, count: 300, warmUp: 0.25, every: 5, evalEvery: 0 };
  return {
    rows: Array.from({ length: shape.count }, (_, i): Row => {
      const moved = Math.max(0, (i - 20) / 280);
      return {
        step: (i + 1) * 5,
        loss: (10.8 - 7 * moved ** 0.5) * (1 + 0.002 * next.normal()),
        grad_norm: Math.exp(0.2 * next.normal()),
        learning_rate: rateAt(shape, (i + 1) / shape.count),
      };
    }),
    config: { vocab_size: 50257 },
  };
};

/** Epochs of a memorised set: training loss falls in steps, as many small fine-tunes show. */
const epochSteps: Family = (next) => ({
  rows: Array.from({ length: 180 }, (_, i): Row => {
    const level = [1.4, 0.9, 0.5][Math.floor(i / 60)] ?? 0.5;
    return {
      step: (i + 1) * 10,
      loss: level * Math.exp(0.1 * next.normal()),
      grad_norm: 2 * Math.exp(0.3 * next.normal()),
      learning_rate: 2e-4 * (1 - i / 180),
    };
  }),
});

/** A fine-tune of a classifier: accuracy rises while the held-out loss creeps up. */
const surer: Family = (next) => ({
  rows: healthyRows(next, { ...usualShape, start: 0.7, end: 0.05, noise: 0.15, count: 200, evalEvery: 20 }).map(
    (row, i) =>
      row["eval_loss"] === undefined
        ? row
        : {
            ...row,
            eval_loss: 0.32 + 0.0004 * i + 0.01 * next.normal(),
            eval_accuracy: 0.8 + 0.0005 * i + 0.002 * next.normal(),
          },
  ),
});

export const healthyFamilies: ReadonlyMap<string, (seed: number) => Story> = new Map(
  Object.entries({
    plain,
    noisy,
    smallBatch,
    spikyGradients,
    plateau,
    cosine,
    restarts,
    resumedWell,
    fp16,
    policy,
    preference,
    largeNorm,
    tiny,
    otherScales,
    noisyEvals,
    gentle,
    slowStart,
    epochSteps,
    surer,
    ...healthyPolicies,
    ...healthyPreferences,
    ...healthySystems,
    ...stabilityFamilies,
    ...watchFamilies,
  }).map(([name, family], index) => [name, (seed: number) => family(random(seed * 1009 + index))]),
);
