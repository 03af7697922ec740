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
    expect(missingFor(rule, { rows: times(3.3) })).toEqual(["vocab_size"]);
  });

  test("is silent on a healthy run", () => {
    expect(reportOn({ rows, config }).clean).toContain(rule);
  });
});
