import { describe, expect, test } from "vitest";

import { findingOf, missingFor, reportOn, without } from "../outcome.fixture.ts";
import { healthyRows, random, type Row, usualShape } from "../synthetic.fixture.ts";

const rule = "initial-loss-mismatch";
const rows = healthyRows(random(5), usualShape);

const config = { vocab_size: 32_000 };
const times = (factor: number): Row[] =>
  rows.map((row) => ({
    ...row,
    loss: ((row["loss"] ?? 0) / (rows[0]?.["loss"] ?? 1)) * Math.log(32_000) * factor,
    eval_loss: 5,
  }));

describe("initial-loss-mismatch", () => {
  test("sees a first loss far above ln(vocabulary size)", () => {
    const finding = findingOf(rule, { rows: times(3.3), config });
    expect(finding).toMatchObject({ severity: "warning", onset: { step: 10 } });
    expect(finding?.message).toContain("3.3 times ln(32000) = 10.37");
  });

  test("takes a loss beyond any vocabulary for a sum, when the first logits are small", () => {
    const summed = times(40);
    const language = { n_heads: 8 };
    const finding = findingOf(rule, {
      rows: summed.map((row, i) => ({ ...row, ...(i === 0 ? { "logits/log_z": 10.4 } : {}) })),
      config: language,
    });
    expect(finding?.message).toContain("log-sum-exp of the first logits");
    expect(finding?.causes[0]?.id).toBe("loss-not-averaged");
    expect(findingOf(rule, { rows: summed, config: language })?.message).toContain("ln(262144)");
    expect(findingOf(rule, { rows: summed, config: {} })).toBeUndefined();
    expect(findingOf(rule, { rows: times(1), config: language })).toBeUndefined();
  });

  test("is silent at ln(vocabulary size), a little above it, and below it as fine-tunes are", () => {
    for (const factor of [1, 1.3, 0.15]) expect(findingOf(rule, { rows: times(factor), config })).toBeUndefined();
    const signs = reportOn({ rows: times(0.15), config }).explained.map((e) => e.sign);
    expect(signs.join()).toContain("below ln(32000)");
  });

  test("gives way to accumulation-scaling", () => {
    const report = reportOn({
      rows: without(times(4), "eval_loss"),
      config: { ...config, gradient_accumulation_steps: 4 },
    });
    expect(report.findings.map((f) => f.rule)).toEqual(["accumulation-scaling"]);
  });

  test("is not applicable without the vocabulary size", () => {
    expect(missingFor(rule, { rows: times(3.3) })).toEqual(["vocab_size or number of classes"]);
  });

  test("is silent on a healthy run", () => {
    expect(reportOn({ rows, config }).clean).toContain(rule);
  });
});
