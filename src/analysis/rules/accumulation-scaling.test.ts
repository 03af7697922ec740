import { describe, expect, test } from "vitest";

import { changesOf, findingOf, missingFor, reportOn, without } from "../outcome.fixture.ts";
import { healthyRows, random, type Row, type Story, usualShape } from "../synthetic.fixture.ts";

const rule = "accumulation-scaling";
const rows = healthyRows(random(5), usualShape);
const healthy: Story = { rows };

const scaled = (times: number): Row[] => rows.map((row) => ({ ...row, loss: (row["loss"] ?? 0) * times }));

describe("accumulation-scaling", () => {
  test.each([2, 4, 8, 16, 32])("sees a training loss %s times the held-out loss", (times) => {
    const finding = findingOf(rule, { rows: scaled(times), config: { gradient_accumulation_steps: times } });
    expect(finding).toMatchObject({ severity: "warning", onset: { step: 10 } });
    expect(changesOf(finding)).toContainEqual({ key: "gradient_accumulation_steps", from: times, to: 1 });
  });

  test("without evaluations the first loss against ln(vocabulary size) tells", () => {
    const first = without(scaled(8), "eval_loss").map((row) => ({
      ...row,
      loss: ((row["loss"] ?? 0) * Math.log(50257)) / 8,
    }));
    const finding = findingOf(rule, { rows: first, config: { gradient_accumulation_steps: 8, vocab_size: 50257 } });
    expect(finding?.message).toContain("ln(50257)");
  });

  test("without the setting, ratios near a power of two are enough, and others are not", () => {
    expect(findingOf(rule, { rows: scaled(8) })).toBeDefined();
    expect(findingOf(rule, { rows: scaled(5.5) })).toBeUndefined();
    expect(findingOf(rule, { rows: scaled(2) })).toBeUndefined();
  });

  test("is silent when accumulation is used and the losses agree, or differ by dropout", () => {
    expect(findingOf(rule, { rows, config: { gradient_accumulation_steps: 8 } })).toBeUndefined();
    expect(findingOf(rule, { rows: scaled(1.3), config: { gradient_accumulation_steps: 2 } })).toBeUndefined();
    expect(findingOf(rule, { rows: scaled(8), config: { gradient_accumulation_steps: 1 } })).toBeUndefined();
  });

  test("is silent on a healthy run", () => {
    expect(findingOf(rule, healthy)).toBeUndefined();
    expect(reportOn(healthy).clean).toContain(rule);
  });

  test("is not applicable without a loss, and to a reinforcement loss", () => {
    expect(missingFor(rule, { rows: without(rows, "loss") })).toEqual(["loss of supervised training"]);
    const policy = rows.map((row): Row => ({ ...row, reward: 0.5 }));
    expect(missingFor(rule, { rows: policy })).toEqual(["loss of supervised training"]);
  });
});
