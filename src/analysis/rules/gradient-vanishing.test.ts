import { expect, test } from "vitest";
import { watchedStory } from "../layers.fixture.ts";
import { findingOf, missingFor, without } from "../outcome.fixture.ts";
import { createDiagnosis } from "../diagnose.ts";
import { healthyRows, random, type Row, runOf, usualShape } from "../synthetic.fixture.ts";
import { gradientVanishing } from "./gradient-vanishing.ts";

const rule = "gradient-vanishing";
const rows = healthyRows(random(34), { ...usualShape, schedule: "constant", noise: 0.01 });
const gone = (loss: (row: Row) => number): Row[] =>
  rows.map((row, i) => (i < 60 ? row : { ...row, loss: loss(row), grad_norm: 1e-6 }));

test("finds a gradient that is gone while the loss stands still", () => {
  const found = findingOf(rule, { rows: gone((row) => 5 + 0.0001 * row.step) });
  expect(found).toMatchObject({ severity: "error", onset: { step: 610 }, recovered: false });
  expect(found?.message).toContain("no longer falls");
});

test("names dead units where they were watched", () => {
  const run = runOf({ rows: gone(() => 5) });
  run.appendPoints({
    name: "layer/dead_share",
    labels: { layer: "body.1" },
    step: Float64Array.of(500, 1000, 1500),
    time: new Float64Array(3).fill(Number.NaN),
    value: Float64Array.of(0.1, 0.98, 0.98),
  });
  const [outcome] = createDiagnosis(run, [gradientVanishing], [])().outcomes;
  expect(outcome).toMatchObject({ findings: [{ causes: [{ id: "dead-relu" }, {}, {}, {}, {}] }] });
});

test("is silent where the task is solved, and on a healthy run", () => {
  expect(findingOf(rule, { rows: gone((row) => 0.001 * (1 + row.step / 1e6)) })).toBeUndefined();
  expect(findingOf(rule, { rows })).toBeUndefined();
});

test("is silent after the end of the schedule, and while the loss still falls", () => {
  const ended = gone(() => 5).map((row, i): Row => (i < 60 ? row : { ...row, learning_rate: 0 }));
  expect(findingOf(rule, { rows: ended })).toBeUndefined();
  expect(findingOf(rule, { rows: gone((row) => 5 - 0.002 * (row.step - 600)) })).toBeUndefined();
});

test("is not applicable without gradient norms", () => {
  expect(missingFor(rule, { rows: without(rows, "grad_norm") })).toEqual(["grad_norm"]);
});

test("names where in depth the gradient is lost while the loss stands still", () => {
  const shrinking = watchedStory(1, {
    grad_rms: (_row, _layer, depth) => 1e-9 * 4 ** depth,
    saturated_share: (_row, layer) => (layer.endsWith("mlp.fc") ? 0 : undefined),
  });
  const flat = shrinking.rows.map((row, i) => ({ ...row, loss: 5 + 0.02 * ((i * 7) % 5) }));
  const finding = findingOf("gradient-vanishing", { ...shrinking, rows: flat });
  expect(finding).toMatchObject({ severity: "error", onset: { step: 50, layer: "embed" } });
  expect(finding?.causes[0]?.id).toBe("saturating-activation");
  // The same gradients while the loss falls are a matter of scale.
  expect(findingOf("gradient-vanishing", shrinking)).toBeUndefined();
});
