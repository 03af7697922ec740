import { describe, expect, test } from "vitest";

import { changesOf, findingOf, missingFor, reportOn, without } from "../outcome.fixture.ts";
import { healthyRows, random, type Row, type Story, usualShape } from "../synthetic.fixture.ts";

const rule = "overfitting";
const rows = healthyRows(random(5), usualShape);
const healthy: Story = { rows };

const held = (value: (evaluation: number) => number, metric?: (evaluation: number) => number): Story => ({
  rows: healthyRows(random(9), { ...usualShape, count: 400, end: 0.05, evalEvery: 20 }).map((row, i) => {
    if (row["eval_loss"] === undefined) return row;
    const evaluation = (i + 1) / 20;
    return {
      ...row,
      eval_loss: value(evaluation),
      ...(metric === undefined ? {} : { eval_accuracy: metric(evaluation) }),
    };
  }),
});
const turning = (evaluation: number): number => (evaluation < 8 ? 3 - evaluation / 8 : 2 + 0.1 * (evaluation - 8));

describe("overfitting", () => {
  test("sees a held-out loss that turns while training loss falls", () => {
    const finding = findingOf(rule, held(turning));
    expect(finding).toMatchObject({ severity: "warning", onset: { step: 1800 } });
    expect(finding?.message).toContain("best at step 1600");
    expect(changesOf(finding).map((change) => change.key)).toContain("load_best_model_at_end");
  });

  test("a task metric that falls too does not excuse it", () => {
    expect(
      findingOf(
        rule,
        held(turning, (e) => (e < 8 ? 0.1 * e : 0.8 - 0.01 * e)),
      ),
    ).toBeDefined();
  });

  test("a metric that improves does not excuse a quarter more after many passes over little data", () => {
    const better = held(
      (e) => 0.7 + 0.03 * e,
      (e) => 0.5 + 0.02 * e,
    );
    const often = (passes: number): Row[] =>
      better.rows.map((row, i, all) => ({
        ...row,
        ...("loss" in row ? { loss: 0.9 * Math.exp((-3 * i) / all.length) } : {}),
        epoch: Math.round((1000 * passes * (i + 1)) / all.length) / 1000 - 0.0001,
      }));
    expect(findingOf(rule, { ...better, rows: often(40) })?.severity).toBe("warning");
    expect(findingOf(rule, { ...better, rows: often(4) })).toBeUndefined();
  });

  test("in a first pass nothing was seen before: a metric that improves excuses no training loss far below the held-out one", () => {
    const better = held(
      (e) => 4.7 + 0.06 * e,
      (e) => 0.03 + 0.004 * e,
    );
    const pass = (share: number, end: number): Row[] =>
      better.rows.map((row, i, all) => ({
        ...row,
        ...("loss" in row ? { loss: 4.8 - ((4.8 - end) * i) / all.length } : {}),
        epoch: Math.round((10_000 * share * (i + 1)) / all.length) / 10_000,
      }));
    const finding = findingOf(rule, { ...better, rows: pass(0.3, 0.9) });
    expect(finding).toMatchObject({ severity: "warning" });
    expect(finding?.causes[0]?.id).toBe("data-seen-again");
    expect(findingOf(rule, { ...better, rows: pass(3, 0.9) })).toBeUndefined();
    expect(findingOf(rule, { ...better, rows: pass(0.3, 3.5) })).toBeUndefined();
  });

  test("is silent, and says why, when the task metric goes on improving", () => {
    const better = held(
      (e) => 0.4 + 0.01 * e,
      (e) => 0.5 + 0.02 * e,
    );
    expect(findingOf(rule, better)).toBeUndefined();
    expect(
      reportOn(better)
        .explained.map((e) => e.why)
        .join(),
    ).toContain("eval_accuracy became better");
  });

  test("is silent on one worse evaluation and on noise around a floor", () => {
    expect(
      findingOf(
        rule,
        held((e) => (e === 20 ? 2.5 : 2)),
      ),
    ).toBeUndefined();
    const next = random(12);
    expect(
      findingOf(
        rule,
        held(() => 2 * (1 + 0.03 * next.normal())),
      ),
    ).toBeUndefined();
  });

  test("is not applicable without evaluations", () => {
    expect(missingFor(rule, { rows: without(rows, "eval_loss") })).toEqual(["eval_loss"]);
  });

  test("is silent on a healthy run", () => {
    expect(findingOf(rule, healthy)).toBeUndefined();
    expect(reportOn(healthy).clean).toContain(rule);
  });
});
