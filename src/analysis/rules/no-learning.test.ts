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

  test("sees a held-out error rate of 1 beside a held-out loss that gains nothing after the first fall", () => {
    const spoken = (rates: readonly number[], drop: number): Row[] =>
      Array.from({ length: 36 }, (_, i) => {
        const epoch = (i - 5) / 6;
        const held = Number.isInteger(epoch)
          ? { valid_loss: 16.4 + 0.05 * Math.sin(3 * epoch) - drop * epoch, valid_wer: rates[epoch] ?? 1 }
          : {};
        const loss = 16 + 21 * Math.exp(-i / 1.5) + 0.2 * Math.sin(2.4 * i) - drop * Math.max(0, epoch);
        return { step: 10 * i + 10, loss, grad_norm: 3 + 6 * Math.exp(-i / 4), ...held };
      });
    const finding = findingOf(rule, { rows: spoken([], 0) });
    expect(finding).toMatchObject({ severity: "warning", onset: { step: 60 } });
    expect(finding?.message).toContain("error rate is 1 in all 6 evaluations");
    expect(finding?.causes[0]?.id).toBe("labels-unrelated");
    // Nothing but blanks is said for an epoch or two, while the loss goes on falling.
    expect(findingOf(rule, { rows: spoken([], 0.4) })).toBeUndefined();
    expect(findingOf(rule, { rows: spoken([1, 1, 1, 1, 1, 0.97], 0) })).toBeUndefined();
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
    expect(missingFor(rule, { rows: rows.slice(0, 7) })).toEqual(["loss of supervised training, 8 rows of it"]);
    // Twelve rows that scatter by more than they may have gained say neither that it learns nor that it does not.
    const next = random(7);
    const scattered = Array.from({ length: 12 }, (_, i): Row => ({
      step: 10 * i,
      loss: 2 * (1 + 0.05 * next.normal()),
    }));
    expect(missingFor(rule, { rows: scattered })).toEqual(["loss of supervised training, 20 rows of it"]);
    // These fall by far more than their noise.
    expect(missingFor(rule, { rows: rows.slice(0, 12) })).toBeUndefined();
  });

  test("is not applicable without a loss, and to a reinforcement loss", () => {
    expect(missingFor(rule, { rows: without(rows, "loss") })).toEqual(["loss of supervised training, 8 rows of it"]);
    const policy = rows.map((row): Row => ({ ...row, reward: 0.5 }));
    expect(missingFor(rule, { rows: policy })).toEqual(["loss of supervised training, 8 rows of it"]);
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

describe("of what the log says beside a loss that stands still", () => {
  const next = random(17);
  /** A retriever whose loss comes down to `to`, among the 64 pairs of a batch. */
  const retriever = (to: number): Row[] =>
    rows.slice(0, 60).map((row, i): Row => {
      const loss = to + (Math.log(64) * 1.1 - to) * Math.exp(-i / 8) + 0.01 * next.normal();
      const norm = 0.3 + 1.2 * Math.exp(-i / 8);
      return {
        step: row.step,
        loss,
        grad_norm: norm,
        ...(i % 10 === 9 ? { val_loss: loss + 0.02, "recall@10": 0.03 } : {}),
      };
    });

  test("a retriever guesses among the pairs of its batch", () => {
    const found = findingOf(rule, { rows: retriever(4.1), config: { batch_size: 64 } });
    expect(found).toMatchObject({ severity: "error", onset: { step: 10 } });
    expect(found?.message).toContain("ln(64)");
    expect(found?.causes[0]?.id).toBe("labels-unrelated");
    // It learned; or its loss has nothing to do with that number; or nothing is retrieved.
    expect(findingOf(rule, { rows: retriever(3.6), config: { batch_size: 64 } })).toBeUndefined();
    expect(findingOf(rule, { rows: retriever(4.1), config: { batch_size: 8 } })).toBeUndefined();
    const other = without(retriever(4.1), "recall@10");
    expect(findingOf(rule, { rows: other, config: { batch_size: 64 } })).toBeUndefined();
    expect(findingOf(rule, { rows: other, config: { batch_size: 64, loss: "InfoNCE" } })).toBeDefined();
  });

  test("a warm-up that is longer than the run is said, once the run is over", () => {
    const climbing = (gain: number): Row[] =>
      rows.slice(0, 60).map((row, i): Row => {
        const loss = 4.2 * (1 - (gain * i) / 60) + 0.01 * next.normal();
        return { step: row.step, loss, learning_rate: 1e-6 * (i + 1) };
      });
    const config = { learning_rate: 1e-3, warmup_steps: 10_000, max_steps: 600 };
    const found = findingOf(rule, { rows: climbing(0.03), config });
    expect(found).toMatchObject({ severity: "warning" });
    expect(found?.message).toContain("still climbing");
    expect(found?.causes[0]?.id).toBe("learning-rate-too-low");
    expect(changesOf(found)).toContainEqual({ key: "warmup_steps", from: 10_000, to: 60 });
    // Half-way, nothing is wrong yet; a rate that reached its peak, or taught something on its way, is none of it.
    expect(findingOf(rule, { rows: climbing(0.03), config: { ...config, max_steps: 2_000 } })).toBeUndefined();
    expect(findingOf(rule, { rows: climbing(0.03), config: { ...config, learning_rate: 6e-5 } })).toBeUndefined();
    expect(findingOf(rule, { rows: climbing(0.4), config })).toBeUndefined();
  });

  test("a loss that is learned and forgotten about guessing comes of data in order", () => {
    const sorted = (held: (i: number) => number): Row[] =>
      rows.slice(0, 80).map((row, i): Row => {
        const loss = Math.max(0.05, (i % 5 < 2 ? 4.2 - (i % 5) : 0.6) + 0.1 * next.normal());
        return { step: row.step, loss, ...(i % 20 === 19 ? { val_loss: held(i) } : {}) };
      });
    const config = { num_classes: 6, learning_rate: 0.01 };
    const found = findingOf(rule, { rows: sorted((i) => 2.5 - i / 120), config });
    expect(found).toMatchObject({ severity: "warning", onset: { step: 10 } });
    expect(found?.message).toContain("forgotten");
    expect(found?.causes[0]?.id).toBe("data-order-not-shuffled");
    expect(findingOf(rule, { rows: sorted((i) => 2.5 - i / 60), config })).toBeUndefined();
  });
});
