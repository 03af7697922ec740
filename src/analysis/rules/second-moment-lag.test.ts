import { expect, test } from "vitest";
import type { SeriesPoints } from "../../model/series.ts";
import { changesOf, findingOf, missingFor, reportOn } from "../outcome.fixture.ts";
import { healthyRows, random, type Row, usualShape } from "../synthetic.fixture.ts";

const rule = "second-moment-lag";
const rows = healthyRows(random(45), usualShape);
const watched = (value: (step: number) => number): SeriesPoints => {
  const step = Float64Array.from({ length: 200 }, (_, i) => (i + 1) * 10);
  return {
    name: "layer/update_rms",
    labels: { layer: "patch_embed" },
    step,
    time: new Float64Array(200).fill(Number.NaN),
    value: step.map(value),
  };
};
const spike = (from: number): Row[] =>
  rows.map((row, i) => (i < from ? row : { ...row, loss: (row["loss"] ?? 0) * (1 + 1.2 * Math.exp(-(i - from) / 4)) }));
const calm = (step: number): number => 1 + 0.2 * Math.sin(step);

test("finds a second moment that lagged before the loss rose", () => {
  const found = reportOn({
    rows: spike(101),
    series: [watched((step) => (step === 1010 ? 6 : calm(step)))],
    config: { adam_beta2: 0.999 },
  }).findings;
  expect(found.map((one) => one.rule)).toContain("loss-spike");
  const [root] = found;
  expect(root?.related?.map((one) => one.rule)).toContain(rule);
});

test("says so where there is no spike to explain but it happens again", () => {
  const found = findingOf(rule, {
    rows,
    series: [watched((step) => (step === 710 || step === 1010 ? 6 : calm(step)))],
    config: { adam_beta2: 0.999 },
  });
  expect(found).toMatchObject({ severity: "info", onset: { step: 710, layer: "patch_embed" } });
  expect(found?.causes[0]?.id).toBe("adam-beta2-too-high");
  expect(changesOf(found)).toContainEqual({ key: "adam_beta2", from: 0.999, to: 0.95 });
});

test("is silent on one large gradient that did nothing, and on a calm optimizer", () => {
  expect(findingOf(rule, { rows, series: [watched((step) => (step === 710 ? 6 : calm(step)))] })).toBeUndefined();
  expect(findingOf(rule, { rows: spike(101), series: [watched(calm)] })).toBeUndefined();
});

test("is silent in the first rows, while the second moment is still empty", () => {
  expect(findingOf(rule, { rows, series: [watched((step) => (step < 40 ? 8 : calm(step)))] })).toBeUndefined();
});

test("is not applicable where the optimizer is not watched", () => {
  expect(missingFor(rule, { rows })).toEqual(["layer/update_rms (llmdbg.watch)"]);
});
