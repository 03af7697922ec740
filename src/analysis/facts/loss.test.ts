import { expect, test } from "vitest";
import { findingOf } from "../outcome.fixture.ts";
import { createDiagnosis, rules, signs, toReport } from "../index.ts";
import { runOf } from "../synthetic.fixture.ts";

const rows = 200;
const steps = Float64Array.from({ length: rows }, (_, i) => i + 1);
const falling = (i: number): number => 2 + 8 * Math.exp(-i / 40);

test("of the losses of several ranks the one whose numbers are lost is looked at", () => {
  const run = runOf({ rows: [] });
  for (const rank of ["0", "1", "2"]) {
    run.appendPoints({
      name: "loss",
      labels: { rank },
      step: steps,
      time: new Float64Array(rows).fill(Number.NaN),
      value: Float64Array.from(steps, (_, i) => (rank === "1" && i >= 120 ? Number.NaN : falling(i))),
    });
  }
  const { findings } = toReport(run, createDiagnosis(run, rules, signs)());
  expect(findings.map((f) => [f.rule, f.onset.step, f.evidence[0]?.series])).toEqual([
    ["non-finite-loss", 121, "loss{rank=1}"],
  ]);
});

test("evidence of a gradient that is a sign of something wider is of the step that it names", () => {
  const finding = findingOf("loss-spike", {
    rows: Array.from({ length: rows }, (_, i) => ({
      step: i + 1,
      loss: i === 121 ? 60 : falling(i) + 0.02 * (i % 3),
      grad_norm: i >= 120 && i < 123 ? 300 + i : 1 + 0.1 * (i % 4),
    })),
  });
  for (const { series, step, value } of finding?.evidence ?? []) {
    if (series === "grad_norm" && step !== null && value !== null) expect(value).toBe(300 + step - 1);
  }
  expect(finding?.evidence.some(({ series }) => series === "grad_norm")).toBe(true);
});
