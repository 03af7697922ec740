/** Faults of training stability and of fine-tuning, one family each; see `faulty.fixture.ts`. */
import type { Fault } from "./faulty.fixture.ts";
import { healthyRows, type Random, type Row, usualShape } from "./synthetic.fixture.ts";

type Family = (next: Random) => Fault;

const every = 10;
const healthy = (next: Random, count = 200): Row[] =>
  healthyRows(next, { ...usualShape, count, noise: 0.02 + 0.05 * next.uniform(), start: 3 + 8 * next.uniform() });

/** fp16: each step overflows from `from` on, the scale halves to its floor and no update is made. */
const scaleFloor: Family = (next) => {
  const from = next.integer(40, 150);
  const frozen = 464441.887 * next.uniform();
  const rows = healthy(next);
  const stuck = rows[from]?.["loss"] ?? 0;
  return {
    rule: "loss-scale-collapse",
    onset: (from + 1) * every,
    story: {
      rows: rows.map((row, i) => ({
        ...row,
        loss_scale: i < from ? 65536 : Math.max(1, 65536 / 2 ** (i - from + 1)),
        ...(i < from ? {} : { grad_norm: frozen, loss: stuck * (1 + 0.02 * next.normal()) }),
      })),
      config: { fp16: true },
    },
  };
};

/** SGD with a clip far below the usual norm: hardly moves. */
const clipped: Family = (next) => ({
  rule: "clipping-dominates",
  onset: Number.NaN,
  story: {
    rows: healthyRows(next, {
      ...usualShape,
      start: 4,
      end: 3.7,
      noise: 0.01 + 0.03 * next.uniform(),
      norm: 20 + 200 * next.uniform(),
      count: next.integer(80, 300),
    }),
    config: { max_grad_norm: 1, optim: "sgd", learning_rate: 1e-3 },
  },
});

/** Gradients go within some tens of rows, by decades, and the loss stops where it is. */
const vanished: Family = (next) => {
  const from = next.integer(30, 100);
  const decades = 4 + 4 * next.uniform();
  const fall = 20;
  return {
    rule: "gradient-vanishing",
    // Where the norm passes 3 % of its start.
    onset: (from + Math.ceil((fall * 1.52) / decades) + 1) * every,
    story: {
      rows: healthy(next, 220).map((row, i) => {
        const loss = 5 + 2 * Math.exp(-Math.min(i, from) / 12);
        const gone = Math.min(1, Math.max(0, i - from) / fall);
        return {
          ...row,
          loss: loss * (1 + 0.01 * next.normal()),
          grad_norm: Math.exp(0.15 * next.normal()) * 10 ** (-decades * gone),
          ...(row["eval_loss"] === undefined ? {} : { eval_loss: loss * (1 + 0.003 * next.normal()) }),
        };
      }),
    },
  };
};

/** Training loss goes to nearly nothing while held-out loss stands where it was early. */
const byHeart: Family = (next) => {
  const floor = 2.5 + 2 * next.uniform();
  const pace = 20 + 40 * next.uniform();
  return {
    rule: "memorization",
    onset: Number.NaN,
    story: {
      rows: healthyRows(next, { ...usualShape, count: 300, evalEvery: 20 }).map((row, i) => ({
        ...row,
        loss: (0.05 + 5 * Math.exp(-i / pace)) * Math.exp(0.1 * next.normal()),
        ...(row["eval_loss"] === undefined
          ? {}
          : { eval_loss: floor + 0.6 * Math.exp(-i / 20) + 0.01 * next.normal() }),
      })),
    },
  };
};

/** Sorted data: each epoch begins with the easy examples and ends with the hard ones. */
const sorted: Family = (next) => {
  const length = next.integer(30, 60);
  const height = 0.3 + 0.5 * next.uniform();
  return {
    rule: "data-repeated",
    onset: Number.NaN,
    story: {
      rows: healthy(next, 5 * length).map((row, i) => ({
        ...row,
        epoch: (i + 1) / length,
        loss: (row["loss"] ?? 0) * (1 + height * ((i % length) / length - 0.5)),
      })),
    },
  };
};

/** A schedule made for a part of the steps: the rate is 0 for the rest, and the loss stands where it fell. */
const shortSchedule: Family = (next) => {
  const end = next.integer(40, 120);
  const rows = healthy(next, 220);
  const stuck = (rows[end]?.["loss"] ?? 0) * 1;
  return {
    rule: "loss-plateau",
    onset: (end + 1) * every,
    story: {
      rows: rows.map((row, i) => ({
        ...row,
        learning_rate: i >= end ? 0 : 1e-3 * Math.min(1, (i + 1) / 5) * 0.5 * (1 + Math.cos((Math.PI * i) / end)),
        ...(i < end ? {} : { loss: stuck * (1 + 0.02 * next.normal()) }),
        ...(i < end || row["eval_loss"] === undefined ? {} : { eval_loss: stuck * (1 + 0.001 * next.normal()) }),
      })),
    },
  };
};

/** A random start that falls a little and then stands still at a full learning rate. */
const stuckEarly: Family = (next) => {
  const gain = 0.05 + 0.07 * next.uniform();
  return {
    rule: "loss-plateau",
    onset: Number.NaN,
    story: {
      rows: healthyRows(next, { ...usualShape, count: 250, schedule: "constant" }).map((row, i) => {
        const loss = Math.log(5000) * (1 - gain * (1 - Math.exp(-i / 8)));
        return {
          ...row,
          loss: loss * (1 + 0.01 * next.normal()),
          ...(row["eval_loss"] === undefined ? {} : { eval_loss: loss * (1 + 0.002 * next.normal()) }),
        };
      }),
      config: { vocab_size: 5000, learning_rate: 1e-3 },
    },
  };
};

/** A rate far too high for Adam: the loss rises by a third at first, comes back and relapses, and gains little. */
const restless: Family = (next) => {
  const period = 25 + 20 * next.uniform();
  return {
    rule: "learning-rate-too-high",
    onset: Number.NaN,
    story: {
      rows: healthyRows(next, { ...usualShape, count: 240, schedule: "constant", rate: 0.05, warmUp: 0 }).map(
        (row, i) => ({
          ...row,
          loss:
            (5 + 3.2 * Math.exp(-(((i - 8) / 7) ** 2)) + 0.6 * Math.sin(i / period) ** 2 + 1.2 * Math.exp(-i / 5)) *
            (1 + 0.03 * next.normal()),
          grad_norm: (1 + i / 30) * Math.exp(0.3 * next.normal()),
          learning_rate: 0.05,
          ...(row["eval_loss"] === undefined ? {} : { eval_loss: 5.4 * (1 + 0.02 * next.normal()) }),
        }),
      ),
      config: { learning_rate: 0.05, optim: "adamw_torch", warmup_steps: 0 },
    },
  };
};

export const stabilityFaults = {
  scaleFloor,
  clipped,
  vanished,
  byHeart,
  sorted,
  shortSchedule,
  stuckEarly,
  restless,
};
