/** Logs of one row an epoch, 10 to 15 rows: gross faults are told, and runs that only look poor are not. */
import { describe, expect, test } from "vitest";
import type { FlatConfig } from "../model/config.ts";
import { reportOn } from "./outcome.fixture.ts";
import { random, type Random, type Row } from "./synthetic.fixture.ts";

type Metrics = Readonly<Record<string, number>>;
interface Case {
  readonly name: string;
  readonly of: (epoch: number, noisy: (value: number, share?: number) => number, count: number) => Metrics;
  readonly config?: FlatConfig;
}

const noisyOf =
  (next: Random) =>
  (value: number, share = 0.01): number =>
    value * (1 + share * next.normal());

/** Rows of epochs 1, 2 ... which take a minute each, or the `seconds` told. */
function rowsOf(count: number, of: Case["of"], seed: number): Row[] {
  const noisy = noisyOf(random(seed));
  let time = 1_700_000_000_000;
  return Array.from({ length: count }, (_, i): Row => {
    const { seconds = 60, ...metrics } = of(i, noisy, count);
    time += 1000 * seconds;
    return { step: i + 1, time, ...metrics };
  });
}

const counts = [10, 12, 15];
const seeds = [1, 2, 3];
const falling = (i: number): number => 0.3 + 2 * Math.exp(-0.3 * i);

const faults: readonly (Case & { readonly rule: string })[] = [
  {
    rule: "loss-divergence",
    name: "grows from the fifth epoch on",
    of: (i, noisy) => ({ loss: noisy(i < 4 ? 2.3 - 0.3 * i : 1.4 * 1.6 ** (i - 3)) }),
  },
  {
    rule: "loss-divergence",
    name: "creeps up from the middle on",
    of: (i, noisy, n) => ({
      loss: noisy(i < n / 2 ? 2.3 * Math.exp(-0.25 * i) : 2.3 * Math.exp(-0.125 * n) + 0.35 * (i - n / 2)),
    }),
  },
  {
    rule: "loss-divergence",
    name: "jumps and stays",
    of: (i, noisy) => ({ loss: noisy(i < 5 ? 2.3 - 0.3 * i : 2.5) }),
  },
  {
    rule: "no-learning",
    name: "stands at chance of ten classes",
    of: (_i, noisy) => ({ train_loss: noisy(2.303, 0.002), val_accuracy: noisy(0.1, 0.03) }),
    config: { num_classes: 10 },
  },
  {
    rule: "no-learning",
    name: "stands at chance, classes not told, rate told",
    of: (_i, noisy) => ({ train_loss: noisy(2.303, 0.002), lr: 0.001, val_accuracy: noisy(0.1, 0.03) }),
  },
  {
    rule: "overfitting",
    name: "held-out loss turns",
    of: (i, noisy) => ({
      loss: noisy(2.3 * Math.exp(-0.4 * i)),
      val_loss: noisy(i < 4 ? 2.2 - 0.3 * i : 1.3 + 0.15 * (i - 4)),
    }),
  },
  {
    rule: "overfitting",
    name: "held-out accuracy turns, without a held-out loss",
    of: (i, noisy) => ({
      loss: noisy(2.3 * Math.exp(-0.4 * i)),
      val_accuracy: noisy(i < 4 ? 0.5 + 0.07 * i : 0.72 - 0.02 * (i - 3), 0.003),
    }),
  },
  {
    rule: "overfitting",
    name: "BLEU turns, without a held-out loss",
    of: (i, noisy) => ({
      loss: noisy(4.3 * Math.exp(-0.3 * i)),
      val_bleu: noisy(i < 4 ? 15 + 4 * i : 27 - 1.2 * (i - 3), 0.005),
    }),
  },
  {
    rule: "memorization",
    name: "F1 stands at a third, without a held-out loss",
    of: (i, noisy) => ({ loss: noisy(2.3 * Math.exp(-0.5 * i)), val_f1: noisy(0.31) }),
  },
  {
    rule: "throughput-drop",
    name: "epochs take three times as long",
    of: (i, noisy, n) => ({ loss: noisy(falling(i)), epoch_time: noisy(i < n - 4 ? 60 : 180, 0.03) }),
  },
  {
    rule: "throughput-drop",
    name: "steps take longer and longer",
    of: (i, noisy) => ({ loss: noisy(falling(i)), step_time: noisy(0.2 * (1 + 0.25 * i), 0.02) }),
  },
  {
    rule: "non-finite-loss",
    name: "NaN",
    of: (i, noisy, n) => ({ loss: i < n - 3 ? noisy(falling(i)) : Number.NaN }),
  },
  {
    rule: "loss-spike",
    name: "one row above all others",
    of: (i, noisy) => ({ loss: i === 7 ? 6 : noisy(falling(i)), val_accuracy: 0.9 - 0.6 * Math.exp(-0.3 * i) }),
  },
];

const healthy: readonly Case[] = [
  {
    name: "falls and levels off",
    of: (i, noisy) => ({
      loss: noisy(falling(i)),
      val_loss: noisy(0.1 + falling(i)),
      val_accuracy: 0.9 - 0.6 * Math.exp(-0.3 * i),
    }),
  },
  {
    name: "a fine-tune that gains little",
    of: (i, noisy) => ({ loss: noisy(1.2 - 0.02 * i), val_loss: noisy(1.2 - 0.015 * i, 0.002) }),
  },
  {
    name: "accuracy stands while the training loss falls on",
    of: (i, noisy) => ({ loss: noisy(2.3 * Math.exp(-0.4 * i)), val_accuracy: noisy(0.8 - 0.3 * Math.exp(-i)) }),
  },
  {
    name: "precision is traded for recall",
    of: (i, noisy) => ({
      loss: noisy(2.3 * Math.exp(-0.4 * i)),
      val_precision: noisy(i < 4 ? 0.6 + 0.08 * i : 0.84 - 0.02 * (i - 3), 0.003),
      val_recall: noisy(0.3 + 0.04 * i, 0.003),
    }),
  },
  {
    name: "noisy loss of small batches",
    of: (i, noisy) => ({ loss: noisy(falling(i), 0.15) }),
  },
  {
    name: "epochs of unequal length on a busy machine",
    of: (i, noisy) => ({ loss: noisy(falling(i)), epoch_time: noisy(60, 0.2), seconds: noisy(60, 0.2) }),
  },
];

const alarmsOf = (count: number, seed: number, { of, config = {} }: Case): string[] =>
  reportOn({ rows: rowsOf(count, of, seed), config }).findings.flatMap(({ severity, rule }) =>
    severity === "info" ? [] : [rule],
  );

describe.each(counts)("%i epochs", (count) => {
  test.each(faults)("$rule: $name", (fault) => {
    for (const seed of seeds) expect.soft(alarmsOf(count, seed, fault), `seed ${seed}`).toContain(fault.rule);
  });

  test.each(healthy)("no alarm: $name", (one) => {
    for (const seed of seeds) expect.soft(alarmsOf(count, seed, one), `seed ${seed}`).toEqual([]);
  });
});
