import { describe, expect, test } from "vitest";
import { findingOf } from "../outcome.fixture.ts";
import { healthyRows, random, type Row, type Story, usualShape } from "../synthetic.fixture.ts";

const rows = healthyRows(random(5), { ...usualShape, evalEvery: 0 });
const watched = (stds: (row: number) => number, absMax = 3, story: Partial<Story> = {}): Story => ({
  rows: rows.map((row, i): Row => ({
    ...row,
    "input/std": stds(i),
    "input/mean": 0.1,
    "input/abs_max": absMax,
  })),
  ...story,
});
const spiking = (story: Story, at: number): Story => ({
  ...story,
  rows: story.rows.map((row, i): Row => (i >= at && i < at + 4 ? { ...row, loss: 9, grad_norm: 40 } : row)),
});
const causesOf = (story: Story, rule: string): string[] => (findingOf(rule, story)?.causes ?? []).map(({ id }) => id);

describe("inputs that become others", () => {
  test("are blamed for the spike at which they did", () => {
    const found = findingOf(
      "loss-spike",
      spiking(
        watched((i) => (i >= 60 && i < 64 ? 70 : 1)),
        60,
      ),
    );
    expect(["bad-batch", "degenerate-input"]).toContain(found?.causes[0]?.id);
    expect(found?.causes[0]?.for.join()).toContain("the inputs scatter 70 times otherwise than before");
  });

  test("are no clue where they stay what they were", () => {
    const found = findingOf(
      "loss-spike",
      spiking(
        watched(() => 1),
        60,
      ),
    );
    expect(found?.causes.flatMap((cause) => cause.for).join()).not.toContain("scatter");
  });
});

describe("a loss that does not move", () => {
  const still = (absMax: number): Story => {
    const story = watched(() => absMax / 3, absMax, { config: { vocab_size: 10 } });
    return { ...story, rows: story.rows.map((row, i) => ({ ...row, loss: Math.log(10) + 0.002 * Math.sin(i) })) };
  };

  test("over raw pixels is blamed on them", () => {
    expect(causesOf(still(255), "no-learning")[0]).toBe("degenerate-input");
  });

  test("over normalised ones is not", () => {
    expect(causesOf(still(2.6), "no-learning")[0]).not.toBe("degenerate-input");
  });
});

describe("classes that were counted in the output", () => {
  const first = (accuracy: number, size: number, config: Story["config"] = {}): Story => ({
    config,
    rows: rows.map((row, i): Row => ({
      ...row,
      loss: i < 3 ? 7.5 : 2,
      accuracy: accuracy + 0.01 * Math.sin(i),
      "logits/size": size,
    })),
  });

  test("say what guessing costs, where the first accuracy is that of guessing", () => {
    expect(findingOf("initial-loss-mismatch", first(0.12, 8))?.message).toContain("ln(8)");
  });

  test("say it of a language model without an accuracy", () => {
    expect(findingOf("initial-loss-mismatch", first(0.9, 8, { n_heads: 4 }))?.message).toContain("ln(8)");
  });

  test("say nothing where the output is as wide as an embedding", () => {
    expect(findingOf("initial-loss-mismatch", first(0.9, 8))).toBeUndefined();
  });
});
