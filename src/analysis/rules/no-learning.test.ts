import { describe, expect, test } from "vitest";

import { healthyFamilies } from "../healthy.fixture.ts";
import { changesOf, findingOf, missingFor, reportOn, without } from "../outcome.fixture.ts";
import { healthyRows, random, type Row, type Story, usualShape } from "../synthetic.fixture.ts";

const rule = "no-learning";
const rows = healthyRows(random(5), usualShape);
const healthy: Story = { rows };

const flat = (level: number): Row[] =>
  rows.slice(0, 60).map((row, i) => ({ ...row, loss: level * (1 + 0.003 * Math.sin(i * 2.4)), eval_loss: level }));

describe("no-learning", () => {
  test("sees a loss that stays at chance", () => {
    const finding = findingOf(rule, { rows: flat(6.91), config: { vocab_size: 1000, learning_rate: 1e-7 } });
    expect(finding).toMatchObject({ severity: "error", onset: { step: 10 } });
    expect(finding?.message).toContain("still guesses");
    expect(changesOf(finding)).toContainEqual({ key: "learning_rate", from: 1e-7, to: 1e-6 });
  });

  test("sees a loss that comes down to chance from above, and one that stays at that of a coin", () => {
    const falling = flat(Math.log(5)).map((row, i) => {
      const loss = (row["loss"] ?? 0) * (1 + 0.04 * Math.exp(-i / 20));
      return { ...row, loss, eval_loss: loss };
    });
    const found = findingOf(rule, { rows: falling, config: { num_labels: 5 } });
    expect(found).toMatchObject({ severity: "error", onset: { step: 10 } });
    const deeper = falling.map((row, i) => ({ ...row, loss: row.loss * (1 - i / 300), eval_loss: 1.2 }));
    expect(findingOf(rule, { rows: deeper, config: { num_labels: 5 } })).toBeUndefined();
    expect(findingOf(rule, { rows: flat(0.693) })?.message).toContain("ln(2)");
  });

  test("a gradient of nearly nothing speaks for frozen parameters", () => {
    const finding = findingOf(rule, { rows: flat(3).map((row) => ({ ...row, grad_norm: 1e-4 })) });
    expect(finding?.severity).toBe("error");
    expect(finding?.causes[0]?.id).toBe("frozen-parameters");
  });

  test("a loss that the first updates threw up, without a warm-up, speaks for the learning rate", () => {
    const thrown = flat(4.88).map((row, i) => ({
      ...row,
      learning_rate: 0.05 * (1 - i / 60),
      grad_norm: i < 3 ? 1.4 : 0.3,
      eval_loss: 4.8 + 0.01 * Math.sin(i),
      loss: (row["loss"] ?? 0) + (i === 1 ? 1 : i === 2 ? 0.4 : 0),
    }));
    const finding = findingOf(rule, { rows: thrown, config: { vocab_size: 132 } });
    expect(finding?.causes[0]).toMatchObject({ id: "learning-rate-too-high" });
    expect(finding?.causes[0]?.for?.join()).toContain("threw the loss");
    const calm = flat(4.88).map((row, i) => ({
      ...row,
      learning_rate: 0.004,
      grad_norm: i < 12 ? 1.4 : 0.3,
      eval_loss: 4.8 + 0.01 * Math.sin(i),
    }));
    expect(findingOf(rule, { rows: calm, config: { vocab_size: 132 } })?.causes[0]?.id).toBe("labels-unrelated");
  });

  test("is silent during the warm-up, on slow learning, on noise that could hide it, and on a late part of a run", () => {
    const warming = flat(6.91).map((row, i) => ({ ...row, learning_rate: 1e-6 * (i + 1) }));
    expect(findingOf(rule, { rows: warming })).toBeUndefined();
    expect(
      findingOf(rule, { rows: flat(3).map((row, i) => ({ ...row, loss: (row["loss"] ?? 0) * (1 - i * 0.0005) })) }),
    ).toBeUndefined();
    const next = random(4);
    expect(
      findingOf(rule, { rows: flat(3).map((row) => ({ ...row, loss: 3 * (1 + 0.2 * next.normal()) })) }),
    ).toBeUndefined();
    expect(findingOf(rule, { rows: flat(3).map((row) => ({ ...row, step: row.step + 90_000 })) })).toBeUndefined();
  });

  test("is silent on a long plateau after learning", () => {
    const plateau = healthyFamilies.get("plateau")?.(8);
    expect(plateau && findingOf(rule, plateau)).toBeUndefined();
  });

  test("is silent on a healthy run", () => {
    expect(findingOf(rule, healthy)).toBeUndefined();
    expect(reportOn(healthy).clean).toContain(rule);
  });

  test("is not applicable, rather than clean, while there are too few rows", () => {
    expect(missingFor(rule, { rows: rows.slice(0, 19) })).toEqual(["loss of supervised training, 20 rows of it"]);
  });

  test("is not applicable without a loss, and to a reinforcement loss", () => {
    expect(missingFor(rule, { rows: without(rows, "loss") })).toEqual(["loss of supervised training, 20 rows of it"]);
    const policy = rows.map((row): Row => ({ ...row, reward: 0.5 }));
    expect(missingFor(rule, { rows: policy })).toEqual(["loss of supervised training, 20 rows of it"]);
  });
});

test("warns of a run that moves evenly and hardly from where it began", () => {
  const crawling = healthyRows(random(61), { ...usualShape, schedule: "cosine", rate: 1e-6 }).map((row, i) => {
    const done = 0.5 * (1 + Math.sin(Math.PI * (i / 200 - 0.5)));
    return { ...row, loss: Math.log(32000) * (1 - 0.06 * done) + 0.01 * Math.sin(37 * i) };
  });
  const config = { vocab_size: 32000, learning_rate: 1e-6 };
  const found = findingOf("no-learning", { rows: without(crawling, "eval_loss"), config });
  expect(found).toMatchObject({ severity: "warning" });
  expect(found?.causes[0]?.id).toBe("learning-rate-too-low");
  expect(found?.message).toContain("far too small");
});
