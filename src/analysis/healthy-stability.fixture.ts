/** Healthy runs that come near a fault of training stability; see `healthy.fixture.ts`. */
import { healthyRows, type Random, type Row, type Story, usualShape } from "./synthetic.fixture.ts";

type Family = (next: Random) => Story;

/** Megatron starts the scale at 2^32: it halves in each of the first steps until it has found its place. */
const scaleSettles: Family = (next) => ({
  rows: healthyRows(next, { ...usualShape, count: 200, every: 1 }).map((row, i) => ({
    ...row,
    loss_scale: 2 ** Math.max(next.integer(11, 16), 32 - i),
  })),
  config: { fp16: true },
});

/** Adam with the usual clip on a model whose norm is large: clipped always, and learns. */
const alwaysClipped: Family = (next) => ({
  rows: healthyRows(next, { ...usualShape, norm: 300 * next.uniform() + 5, count: next.integer(80, 300) }),
  config: { max_grad_norm: 1, optim: "adamw_torch", learning_rate: 1e-3 },
});

/** A task that is solved: the loss ends near 0 and its gradient with it. */
const solved: Family = (next) => ({
  rows: Array.from({ length: 300 }, (_, i): Row => {
    const left = 2.3 * Math.exp(-i / 25) + 1e-4;
    const evaluation = (i + 1) % 30 === 0 ? { eval_loss: left * 1.3 + 0.01, eval_accuracy: 1 - 0.2 * left } : {};
    return {
      step: (i + 1) * 5,
      loss: left * Math.exp(0.2 * next.normal()),
      grad_norm: 2 * left * Math.exp(0.3 * next.normal()),
      learning_rate: 1e-3,
      ...evaluation,
    };
  }),
});

/** Several epochs of shuffled data, with the epoch in the log. */
const shuffledEpochs: Family = (next) => {
  const length = next.integer(20, 60);
  return {
    rows: healthyRows(next, { ...usualShape, count: 5 * length, noise: 0.03 + 0.1 * next.uniform() }).map((row, i) => ({
      ...row,
      epoch: (i + 1) / length,
    })),
  };
};

/** A fine-tune of three epochs: its training loss falls where a pass begins, held-out loss stays level. */
const fineTuneEpochs: Family = (next) => ({
  rows: Array.from({ length: 180 }, (_, i): Row => {
    const level = [1.4, 1.05, 0.8][Math.floor(i / 60)] ?? 0.8;
    const evaluation = (i + 1) % 30 === 0 ? { eval_loss: 1.28 + 0.05 * Math.exp(-i / 30) + 0.004 * next.normal() } : {};
    return {
      step: (i + 1) * 10,
      epoch: (i + 1) / 60,
      loss: level * Math.exp(0.08 * next.normal()),
      grad_norm: 2 * Math.exp(0.3 * next.normal()),
      learning_rate: 2e-4 * (1 - i / 180),
      ...evaluation,
    };
  }),
});

/** Loss rises by a half while the rate is warmed up, and comes back. */
const warmUpBump: Family = (next) => ({
  rows: healthyRows(next, { ...usualShape, count: 250, warmUp: 0.12, start: 5, end: 1.5 }).map((row, i) => ({
    ...row,
    loss: (row["loss"] ?? 0) + 2.2 * Math.exp(-(((i - 12) / 6) ** 2)),
  })),
});

/** A small model at a constant rate, from a random start to what it can reach; characters leave much to guess. */
const characters: Family = (next) => ({
  rows: Array.from({ length: 200 }, (_, i): Row => {
    const loss = 2.1 + (Math.log(60) - 2.1) * Math.exp(-i / 12) + 0.15 * Math.exp(-i / 90);
    return {
      step: (i + 1) * 2,
      loss: loss * (1 + 0.03 * next.normal()),
      grad_norm: (0.5 + Math.exp(-i / 10)) * Math.exp(0.2 * next.normal()),
      learning_rate: 3e-3 * Math.min(1, (i + 1) / 10),
      ...((i + 1) % 25 === 0 ? { eval_loss: loss * (1.03 + 0.004 * next.normal()) } : {}),
    };
  }),
  config: { vocab_size: 60, learning_rate: 3e-3, max_grad_norm: 1 },
});

/** Next-item prediction: there is little to gain over guessing, and it is gained slowly. */
const hardToPredict: Family = (next) => ({
  rows: Array.from({ length: 250 }, (_, i): Row => {
    const loss = Math.log(3000) * (0.82 + 0.18 * (1 + i / 12) ** -0.7);
    return {
      step: (i + 1) * 10,
      loss: loss * (1 + 0.015 * next.normal()),
      grad_norm: 0.6 * Math.exp(0.2 * next.normal()),
      learning_rate: 1e-3 * (1 - i / 250),
      ...((i + 1) % 25 === 0 ? { eval_loss: loss * 1.01 * (1 + 0.002 * next.normal()) } : {}),
    };
  }),
  config: { vocab_size: 3000, learning_rate: 1e-3 },
});

/** Constant, then down at the end (warm-up, stable, decay): the loss falls faster while it decays. */
const stableThenDecay: Family = (next) => ({
  rows: healthyRows(next, { ...usualShape, count: 250, schedule: "constant" }).map((row, i) => {
    const down = Math.max(0, (i - 200) / 50);
    return { ...row, loss: (row["loss"] ?? 0) * (1 - 0.08 * down), learning_rate: 1e-3 * (1 - down) };
  }),
});

export const stabilityFamilies = {
  scaleSettles,
  alwaysClipped,
  solved,
  shuffledEpochs,
  fineTuneEpochs,
  warmUpBump,
  characters,
  hardToPredict,
  stableThenDecay,
};
