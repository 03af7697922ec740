import { expect, test } from "vitest";
import { changesOf, findingOf, missingFor, reportOn, without } from "../outcome.fixture.ts";
import { random, type Row } from "../synthetic.fixture.ts";

const rule = "memorization";
const next = random(35);
const run = (held: (i: number) => number, floor = 0.05): Row[] =>
  Array.from({ length: 240 }, (_, i) => ({
    step: (i + 1) * 5,
    loss: (floor + 4 * Math.exp(-i / 30)) * Math.exp(0.08 * next.normal()),
    grad_norm: Math.exp(0.2 * next.normal()),
    learning_rate: 1e-3,
    ...((i + 1) % 24 === 0 ? { eval_loss: held(i) + 0.01 * next.normal() } : {}),
  }));
const stepwise: Row[] = Array.from({ length: 150 }, (_, i) => ({
  step: i + 1,
  epoch: (i + 1) / 50,
  loss: ([1.4, 0.9, 0.5][Math.floor(i / 50)] ?? 0) * Math.exp(0.05 * next.normal()),
}));

test("finds examples that are known by heart, with nothing learned for others", () => {
  const found = findingOf(rule, {
    rows: run((i) => 3 + Math.exp(-i / 20)),
    config: { dropout: 0.1, weight_decay: 0.01, num_train_epochs: 30 },
  });
  expect(found).toMatchObject({ severity: "warning" });
  expect(found?.causes[0]?.id).toBe("too-many-epochs");
  expect(changesOf(found)).toContainEqual({ key: "num_train_epochs", from: 30, to: 15 });
});

test("says that training loss falls in steps at the epochs, without an alarm", () => {
  const found = findingOf(rule, { rows: stepwise });
  expect(found).toMatchObject({ severity: "info", onset: { step: 51 } });
  expect(found?.message).toContain("1 more times");
});

test("is part of overfitting where held-out loss rises", () => {
  const report = reportOn({ rows: run((i) => 3 + 0.01 * i) });
  expect(report.findings.map((finding) => finding.rule)).toEqual(["overfitting"]);
});

test("is silent where held-out loss fell as well, and on epochs that go on evenly", () => {
  expect(findingOf(rule, { rows: run((i) => 0.3 + 4 * Math.exp(-i / 30)) })).toBeUndefined();
  const even = run(() => 1, 0.5).map((row, i) => ({ ...row, epoch: (i + 1) / 60 }));
  expect(findingOf(rule, { rows: without(even, "eval_loss") })).toBeUndefined();
});

/** An epoch a row, as detectors and many Keras programs print them: no held-out loss. */
const byMetric = (held: (i: number) => number, floor: number): Row[] =>
  Array.from({ length: 30 }, (_, i) => ({
    step: i,
    box_loss: (floor + (1 - floor) * Math.exp(-i / 8)) * 0.09 * Math.exp(0.02 * next.normal()),
    cls_loss: (0.02 + Math.exp(-i / 3)) * 0.3,
    "val/mAP50": Math.min(1, Math.max(0, held(i) + 0.004 * next.normal())),
  }));

test("reads held-out metrics where no loss is measured on held-out data", () => {
  const found = findingOf(rule, { rows: byMetric((i) => 0.07 * (1 - Math.exp(-i / 4)), 0.02) });
  expect(found).toMatchObject({ severity: "warning" });
  expect(found?.message).toContain("box_loss + cls_loss");
  const accuracy = byMetric((i) => 0.3 * (1 - Math.exp(-i / 4)), 0.02).map((row): Row => ({
    step: row.step,
    loss: row["box_loss"] ?? Number.NaN,
    val_accuracy: row["val/mAP50"] ?? Number.NaN,
  }));
  expect(findingOf(rule, { rows: accuracy })).toMatchObject({ severity: "warning" });
});

test("is silent where a metric rises or is good, and where one part of the training loss is left", () => {
  expect(findingOf(rule, { rows: byMetric((i) => 0.02 * i, 0.02) })).toBeUndefined();
  expect(findingOf(rule, { rows: byMetric(() => 0.8, 0.02) })).toBeUndefined();
  expect(findingOf(rule, { rows: byMetric(() => 0.07, 0.6) })).toBeUndefined();
});

test("is silent on metrics that are low in good models, as dB of an image or BLEU", () => {
  const renamed = (name: string): Row[] =>
    byMetric((i) => 0.3 * (1 - Math.exp(-i / 4)), 0.02).map((row): Row => ({
      step: row.step,
      loss: row["box_loss"] ?? Number.NaN,
      [name]: 100 * (row["val/mAP50"] ?? Number.NaN),
    }));
  expect(findingOf(rule, { rows: renamed("val_accuracy") })).toBeDefined();
  for (const name of ["val_psnr", "eval_bleu", "val_ndcg@10"])
    expect(findingOf(rule, { rows: renamed(name) })).toBeUndefined();
});

test("is not applicable without evaluations and epochs", () => {
  expect(missingFor(rule, { rows: without(stepwise, "epoch") })).toEqual(["eval_loss or epoch"]);
});
