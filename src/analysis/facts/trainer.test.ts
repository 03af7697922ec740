import { describe, expect, test } from "vitest";
import { missingFor, findingOf } from "../outcome.fixture.ts";
import { random, type Row } from "../synthetic.fixture.ts";

const count = 60;
const next = random(3);
/** Pairs that are told apart ever better, with the names of TRL's RewardTrainer. */
const pairs = Array.from({ length: count }, (_, i): Row => {
  const margin = 2.5 * (1 - Math.exp(-i / 12)) + 0.1 * next.normal();
  return {
    step: 10 * (i + 1),
    loss: Math.log(1 + Math.exp(-margin)) + 0.03 * Math.abs(next.normal()),
    grad_norm: 1.5 * Math.exp(0.2 * next.normal()),
    learning_rate: 1e-5,
    min_reward: -2 - margin,
    mean_reward: -0.3,
    max_reward: 1 + margin,
    accuracy: Math.min(1, 0.55 + 0.15 * margin),
    margin,
    ...(i % 10 === 9 ? { eval_loss: Math.log(1 + Math.exp(-margin)), eval_accuracy: 0.85, eval_margin: margin } : {}),
  };
});
const supervised = "loss of supervised training";
const isSupervised = (rows: readonly Row[]): boolean =>
  missingFor("accumulation-scaling", { rows })?.includes(supervised) !== true;
const named = (rename: (name: string) => string): Row[] =>
  pairs.map((row): Row => ({
    step: row.step,
    ...Object.fromEntries(
      Object.entries(row)
        .filter(([name]) => name !== "step")
        .map(([name, value]) => [rename(name), value]),
    ),
  }));

describe("the objective", () => {
  test("of a reward model is supervised, under TRL's names and with a prefix", () => {
    expect(isSupervised(pairs)).toBe(true);
    expect(isSupervised(named((name) => (name.startsWith("eval_") ? name : `train/${name}`)))).toBe(true);
    expect(
      isSupervised(named((name) => (name === "margin" ? "reward_margin" : name === "accuracy" ? "acc" : name))),
    ).toBe(true);
  });

  test.each([
    "completions/mean_length",
    "kl",
    "entropy",
    "actor/pg_clipfrac",
    "frac_reward_zero_std",
    "response_length/mean",
    "policy_loss",
  ])("with %s it is reinforcement, whatever else is logged", (name) => {
    expect(isSupervised(pairs.map((row): Row => ({ ...row, [name]: 0.2 })))).toBe(false);
  });

  test("of rewards and an accuracy of the answers, without a margin of pairs, is reinforcement", () => {
    expect(isSupervised(pairs.map(({ margin: _margin, eval_margin: _held, ...row }): Row => row))).toBe(false);
  });
});

describe("a model of rewards", () => {
  const config = { gradient_accumulation_steps: 4, vocab_size: 151_936 };

  test("guesses between two answers, whatever its vocabulary", () => {
    const summed = pairs.map((row): Row => ({ ...row, loss: 4 * (row["loss"] ?? 0) }));
    expect(findingOf("accumulation-scaling", { rows: summed, config })).toBeDefined();
    // Labels of training that are noisier than the held-out ones put the ratio beyond the number of micro-batches.
    const noisy = summed.map((row): Row => ({
      ...row,
      ...("eval_loss" in row ? { eval_loss: 0.6 * (row["eval_loss"] ?? 0) } : {}),
    }));
    expect(findingOf("accumulation-scaling", { rows: noisy, config })?.message).toContain("ln(2)");
    expect(findingOf("accumulation-scaling", { rows: pairs, config })).toBeUndefined();
  });

  test("that sees the same text twice stands at ln 2 with margins of 0", () => {
    const still = pairs.map(({ eval_loss: _held, ...row }): Row => ({
      ...row,
      loss: Math.LN2,
      accuracy: 0,
      margin: 0,
      grad_norm: 1e-6,
    }));
    const finding = findingOf("no-learning", { rows: still });
    expect(finding?.causes[0]?.id).toBe("pairs-indistinguishable");
    expect(finding?.advice[0]?.changes[0]).toMatchObject({ key: "max_length" });
    // Weights that stand still keep the margins of a random start.
    const unequal = still.map((row, i): Row => ({ ...row, margin: 0.001 * (i % 3) }));
    expect(findingOf("no-learning", { rows: unequal })?.causes.map(({ id }) => id)).not.toContain(
      "pairs-indistinguishable",
    );
  });

  test("whose pairs ask for a margin begins above ln 2, and is not taken for one that guesses at the end", () => {
    const asked = pairs.map((row, i): Row => {
      const loss = 0.66 + 0.65 * Math.exp(-i / 15);
      return { ...row, loss, ...("eval_loss" in row ? { eval_loss: loss } : {}) };
    });
    expect(findingOf("no-learning", { rows: asked })).toBeUndefined();
    expect(findingOf("initial-loss-mismatch", { rows: asked })).toBeUndefined();
  });
});
