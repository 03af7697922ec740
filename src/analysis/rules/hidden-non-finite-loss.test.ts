import { describe, expect, test } from "vitest";

import { changesOf, findingOf, missingFor, reportOn, without } from "../outcome.fixture.ts";
import { healthyRows, random, type Row, type Story, usualShape } from "../synthetic.fixture.ts";

const rule = "hidden-non-finite-loss";
const rows = healthyRows(random(5), usualShape);
const healthy: Story = { rows };

const hidden = (from: number): Row[] =>
  rows.map((row, i) => (i < from ? row : { ...row, loss: i === from ? 1 : 0, grad_norm: Number.NaN }));

describe("hidden-non-finite-loss", () => {
  test("sees a loss of 0 with a gradient that is not a number, from the row in which it began", () => {
    const finding = findingOf(rule, { rows: hidden(23) });
    expect(finding).toMatchObject({ severity: "error", onset: { step: 240 } });
    expect(changesOf(finding)[0]).toEqual({ key: "logging_nan_inf_filter", from: null, to: false });
    expect(reportOn({ rows: hidden(23) }).findings.map((f) => f.rule)).toEqual([rule]);
  });

  test("without a gradient norm a loss that falls to exactly 0 and stays is enough", () => {
    expect(findingOf(rule, { rows: without(hidden(23), "grad_norm") })?.onset.step).toBe(250);
  });

  test("is silent on a memorised set whose loss rounds to 0, and on a reinforcement loss of 0", () => {
    const memorised = rows.map((row, i) => ({ ...row, loss: Math.round(40 * Math.exp(-i / 12)) / 10_000 }));
    expect(findingOf(rule, { rows: memorised })).toBeUndefined();
    expect(findingOf(rule, { rows: without(memorised, "grad_norm") })).toBeUndefined();
    expect(findingOf(rule, { rows: rows.map((row) => ({ ...row, loss: 0, reward: 0.1 })) })).toBeUndefined();
  });

  test("is silent on a margin or squared error that comes down to 0 by its usual pace", () => {
    const hinge = Array.from({ length: 200 }, (_, i): Row => ({ step: i + 1, loss: Math.max(0, 5 - i / 20) }));
    expect(findingOf(rule, { rows: hinge })).toBeUndefined();
    const cut = hinge.map((row, i) => (i < 40 ? row : { ...row, loss: 0 }));
    expect(findingOf(rule, { rows: cut })?.onset.step).toBe(41);
  });

  test("is silent on a healthy run", () => {
    expect(findingOf(rule, healthy)).toBeUndefined();
    expect(reportOn(healthy).clean).toContain(rule);
  });

  test("is not applicable without a loss", () => {
    expect(missingFor(rule, { rows: without(rows, "loss") })).toBeDefined();
  });
});
