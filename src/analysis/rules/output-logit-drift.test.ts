import { expect, test } from "vitest";
import { findingOf, missingFor } from "../outcome.fixture.ts";
import { healthyRows, random, type Row, usualShape } from "../synthetic.fixture.ts";

const rule = "output-logit-drift";
const rows = healthyRows(random(46), usualShape);
const drifting = (at: (i: number) => number): Row[] => rows.map((row, i) => ({ ...row, "logits/log_z": at(i) }));

test("finds logits that drift on", () => {
  const found = findingOf(rule, { rows: drifting((i) => 10 - 1.5 * i), config: { weight_decay: 0 } });
  expect(found).toMatchObject({ severity: "warning", causes: [{ id: "no-z-loss" }, {}, {}] });
  // It drifts from the first row on, by 1.5 a row.
  expect(found?.onset.step).toBeLessThan(150);
  expect(found?.advice[0]?.id).toBe("add-z-loss");
});

test("is the root of the divergence that it leads to", () => {
  const diverging = drifting((i) => 10 + 1.5 * i).map((row, i): Row =>
    i < 160 ? row : { ...row, loss: 12 + 0.01 * i },
  );
  const found = findingOf(rule, { rows: diverging });
  expect(found?.related?.map((one) => one.rule)).toContain("loss-divergence");
});

test("is silent on logits that moved and came to rest", () => {
  expect(findingOf(rule, { rows: drifting((i) => 10 - 70 * (1 - Math.exp(-i / 10))) })).toBeUndefined();
});

test("is silent within what models need", () => {
  expect(findingOf(rule, { rows: drifting((i) => 10 + 0.1 * i) })).toBeUndefined();
});

test("is not applicable where logits are not watched", () => {
  expect(missingFor(rule, { rows })).toEqual(["logits/log_z (llmdbg.watch)"]);
});
