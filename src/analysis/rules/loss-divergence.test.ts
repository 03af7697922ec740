import { describe, expect, test } from "vitest";

import { healthyFamilies } from "../healthy.fixture.ts";
import { layerSeries } from "../layers.fixture.ts";
import { changesOf, findingOf, missingFor, reportOn, without } from "../outcome.fixture.ts";
import { healthyRows, random, type Random, type Row, type Story, usualShape } from "../synthetic.fixture.ts";

const rule = "loss-divergence";
const rows = healthyRows(random(5), usualShape);
const healthy: Story = { rows };

/** What a model that diverged logs: it is worse on held-out data as well. */
function raisedFrom(from: number, some: readonly Row[] = rows): Row[] {
  return some.map((row, i): Row => {
    const { loss = 0, eval_loss: held } = row;
    return i < from ? row : { ...row, loss: loss * 2.5, ...(held === undefined ? {} : { eval_loss: held * 2.5 }) };
  });
}

describe("loss-divergence", () => {
  test("a jump that stays is a divergence and no spike", () => {
    const raised = raisedFrom(100);
    const report = reportOn({ rows: raised });
    expect(report.findings.map((f) => [f.rule, f.severity, f.onset.step])).toEqual([[rule, "error", 1010]]);
  });

  test("a loss that rises from the first rows blames the learning rate, with numbers to change", () => {
    const values = [6.46, 11.26, 11.34, 6.85, 5.58, 5.26, 5.13, 5, 4.9, 4.8];
    const launched = values.map((loss, i): Row => ({ step: i * 5 + 1, loss, grad_norm: 2, learning_rate: 0.08 }));
    const live = findingOf(rule, { rows: launched.slice(0, 3) });
    expect(live?.onset.step).toBe(6);
    const finding = findingOf(rule, { rows: launched });
    expect(finding?.causes[0]?.id).toBe("learning-rate-too-high");
    expect(changesOf(finding)).toContainEqual({ key: "learning_rate", from: 0.08, to: 0.008 });
  });

  test("a loss that rises ever faster to the end of a short log has lost what it gained", () => {
    const rising = (end: number): Row[] =>
      Array.from({ length: 36 }, (_, i) => ({
        step: 10 * i + 10,
        loss: 2 + 34 * Math.exp(-i / 5) + 0.1 * Math.sin(2.4 * i) + end * Math.exp((i - 35) / 3),
      }));
    const finding = findingOf(rule, { rows: rising(100) });
    expect(finding).toMatchObject({ severity: "error" });
    expect(finding?.onset.step).toBeGreaterThan(200);
    expect(finding?.onset.step).toBeLessThan(290);
    expect(findingOf(rule, { rows: rising(0) })).toBeUndefined();
  });

  test.each([
    [[6.435, 18.01, 32.59, 24.68, 26.58, 22.34]],
    [[6.4347, 18.0038, 32.6559, 25.039, 27.652, 16.9819, 19.5563, 20.107, 16.7096, 19.8909, 19.3922, 17.537, 20.4345]],
  ])("a launch that swings wildly is found within six rows", (values) => {
    const launched = values.map((loss, i): Row => ({ step: Math.max(1, i * 5), loss, learning_rate: 0.3 }));
    expect(findingOf(rule, { rows: launched })?.onset.step).toBe(5);
  });

  test("gradients of layers that stay the same from batch to batch were not cleared, from the first rows on", () => {
    const values = [1.83, 1.79, 1.92, 2.01, 1.89, 2.3, 4.2, 11.2, 7.8, 8.2, 9.7, 8.1, 9.1, 6.1, 7.7, 19.5, 24.9, 16];
    const launched = values.map((loss, i): Row => ({ step: 5 * i + 5, loss }));
    const watched = (next: Random, scatter: number) =>
      layerSeries("grad_norm", (row) => (row === 0 ? 0.3 : 4) * Math.exp(scatter * next.normal()), {
        steps: [1, 30, 31, 32, 33, 34, 60, 90],
      });
    const kept = findingOf(rule, { rows: launched, series: watched(random(3), 0.001) });
    expect(kept).toMatchObject({ onset: { step: 5 }, advice: [{ id: "clear-gradients" }, {}, {}] });
    expect(kept?.causes[0]?.id).toBe("gradients-not-cleared");
    const usual = findingOf(rule, { rows: launched, series: watched(random(3), 0.2) });
    expect(usual?.onset.step).toBeGreaterThan(5);
    expect(usual?.causes[0]?.id).toBe("learning-rate-too-high");
  });

  test("a learning rate of 0 is not advised to be lowered", () => {
    const raised = raisedFrom(100, without(rows, "learning_rate"));
    const finding = findingOf(rule, { rows: raised, config: { learning_rate: 0 } });
    expect(finding).toBeDefined();
    for (const { from, to } of changesOf(finding)) expect(to).not.toBe(from);
  });

  test("a slow rise counts once half of the progress is lost", () => {
    const drifting = rows.map((row, i) => (i < 80 ? row : { ...row, loss: (row["loss"] ?? 0) + (i - 80) * 0.05 }));
    const finding = findingOf(rule, { rows: drifting });
    expect(finding?.message).toContain("rising since");
    expect(finding?.onset.step).toBeGreaterThan(800);
    expect(finding?.onset.step).toBeLessThan(1500);
  });

  test("is silent on a plateau, and on a rise that is back", () => {
    const plateau = healthyFamilies.get("plateau")?.(3);
    expect(plateau && findingOf(rule, plateau)).toBeUndefined();
    const back = rows.map((row, i) => (i >= 100 && i < 108 ? { ...row, loss: (row["loss"] ?? 0) * 2 } : row));
    expect(findingOf(rule, { rows: back })).toBeUndefined();
  });

  test("is silent where the task became harder: held-out loss goes on falling", () => {
    const harder = rows.map((row, i) => (i >= 100 ? { ...row, loss: (row["loss"] ?? 0) * 2 } : row));
    expect(findingOf(rule, { rows: harder })).toBeUndefined();
    expect(findingOf(rule, { rows: without(harder, "eval_loss") })).toBeDefined();
    const worse = harder.map((row) => (row.step === 1600 ? { ...row, eval_loss: 3.2 } : row));
    expect(findingOf(rule, { rows: worse })).toBeDefined();
  });

  test("is silent on a healthy run", () => {
    expect(findingOf(rule, healthy)).toBeUndefined();
    expect(reportOn(healthy).clean).toContain(rule);
  });

  test("is not applicable without a loss, and to a reinforcement loss", () => {
    expect(missingFor(rule, { rows: without(rows, "loss") })).toEqual(["loss of supervised training, 3 rows of it"]);
    const policy = rows.map((row): Row => ({ ...row, reward: 0.5 }));
    expect(missingFor(rule, { rows: policy })).toEqual(["loss of supervised training, 3 rows of it"]);
  });
});
