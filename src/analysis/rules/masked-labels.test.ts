import { describe, expect, test } from "vitest";

import { findingOf, missingFor, reportOn, without } from "../outcome.fixture.ts";
import { healthyRows, random, type Row, type Story, usualShape } from "../synthetic.fixture.ts";

const rule = "masked-labels";
const rows = healthyRows(random(5), usualShape);
const healthy: Story = { rows };

describe("masked-labels", () => {
  test.each([0, Number.NaN])(
    "sees a loss of 0 with a gradient norm of %s from the first row on, as one finding",
    (norm) => {
      const masked = without(rows, "eval_loss").map((row): Row => ({ ...row, loss: 0, grad_norm: norm }));
      const finding = findingOf(rule, { rows: masked });
      expect(finding).toMatchObject({ severity: "error", onset: { step: 10 } });
      expect(finding?.causes[0]?.id).toBe("labels-all-masked");
      expect(reportOn({ rows: masked }).findings.map((f) => f.rule)).toEqual([rule]);
    },
  );

  test("sees a NaN loss with NaN evaluations from the first row on, and blames fp16 when the run uses it", () => {
    const lost = rows.map((row) => ({ ...row, loss: Number.NaN, grad_norm: Number.NaN, eval_loss: Number.NaN }));
    expect(reportOn({ rows: lost }).findings.map((f) => f.rule)).toEqual([rule]);
    const half = findingOf(rule, { rows: lost, config: { fp16: true } });
    const chance = (id: string): number => half?.causes.find((cause) => cause.id === id)?.likelihood ?? 0;
    expect(chance("forward-overflow")).toBeGreaterThan(0.2);
  });

  test("is silent when the loss was ever a number, on a finite first evaluation, and on a reinforcement loss of 0", () => {
    const late = rows.map((row, i) => (i === 0 ? row : { ...row, loss: 0, grad_norm: Number.NaN }));
    expect(findingOf(rule, { rows: late })).toBeUndefined();
    expect(findingOf(rule, { rows: rows.map((row) => ({ ...row, loss: 0 })) })).toBeUndefined();
    expect(findingOf(rule, { rows: rows.map((row) => ({ ...row, loss: 0, reward: 0.1 })) })).toBeUndefined();
  });

  describe("of a detector that prints how many labels a batch holds", () => {
    const epochs = (labels: (i: number) => number, map: (i: number) => number): Row[] =>
      Array.from({ length: 12 }, (_, i) => ({
        step: i,
        box_loss: 0.03 + 0.01 / (i + 1),
        Instances: labels(i),
        "val/mAP50": map(i),
      }));

    test("sees that most batches hold none, and nothing is found", () => {
      const finding = findingOf(rule, {
        rows: epochs(
          (i) => (i % 4 === 1 ? 3 : 0),
          (i) => 0.0005 * i,
        ),
      });
      expect(finding).toMatchObject({ severity: "error", onset: { step: 0 } });
      expect(finding?.causes[0]?.id).toBe("labels-all-masked");
      expect(finding?.message).toContain("9 of");
    });

    test("is silent where objects are rare and found, and where labels are there and nothing is learned yet", () => {
      expect(
        findingOf(rule, {
          rows: epochs(
            (i) => (i % 4 === 1 ? 3 : 0),
            (i) => 0.03 * i,
          ),
        }),
      ).toBeUndefined();
      expect(
        findingOf(rule, {
          rows: epochs(
            () => 40,
            () => 0.001,
          ),
        }),
      ).toBeUndefined();
    });
  });

  test("is silent on a healthy run", () => {
    expect(findingOf(rule, healthy)).toBeUndefined();
    expect(reportOn(healthy).clean).toContain(rule);
  });

  test("is not applicable without a loss", () => {
    expect(missingFor(rule, { rows: without(rows, "loss") })).toBeDefined();
  });
});
