import { expect, test } from "vitest";
import { changesOf, findingOf, missingFor } from "../outcome.fixture.ts";
import { healthyRows, random, usualShape } from "../synthetic.fixture.ts";

const rule = "clipping-dominates";
const large = healthyRows(random(32), { ...usualShape, norm: 40 });
const slow = healthyRows(random(33), { ...usualShape, norm: 40, start: 4, end: 3.8, noise: 0.01 });

test("warns where SGD is clipped all the time and hardly learns", () => {
  const found = findingOf(rule, { rows: slow, config: { max_grad_norm: 1, optim: "sgd", learning_rate: 0.1 } });
  expect(found).toMatchObject({ severity: "warning", recovered: null });
  expect(found?.causes[0]?.id).toBe("clip-below-usual-norm");
  const [change] = changesOf(found);
  expect(change).toMatchObject({ key: "max_grad_norm", from: 1 });
  expect(Number(change?.to)).toBeGreaterThan(30);
});

test("only says so where Adam learns all the same", () => {
  const found = findingOf(rule, { rows: large, config: { max_grad_norm: 1, optim: "adamw_torch" } });
  expect(found?.severity).toBe("info");
  expect(found?.message).toContain("divides by the usual size");
});

test("is silent on a limit near the usual norm, and on one that is rarely met", () => {
  expect(findingOf(rule, { rows: large, config: { max_grad_norm: 40 } })).toBeUndefined();
  expect(findingOf(rule, { rows: large, config: { max_grad_norm: 300 } })).toBeUndefined();
});

test("leaves out the warm-up, in which gradients are large", () => {
  const rows = large.map((row, i) => ({
    ...row,
    grad_norm: i < 90 ? 30 : 0.3,
    learning_rate: 1e-3 * Math.min(1, (i + 1) / 90),
  }));
  expect(findingOf(rule, { rows, config: { max_grad_norm: 1 } })).toBeUndefined();
});

test("is not applicable without a limit", () => {
  expect(missingFor(rule, { rows: large })).toEqual(["grad_norm and max_grad_norm"]);
  expect(missingFor(rule, { rows: large, config: { max_grad_norm: 0 } })).toEqual(["grad_norm and max_grad_norm"]);
});
