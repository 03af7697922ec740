import { expect, test } from "vitest";
import { changesOf, findingOf, missingFor, without } from "../outcome.fixture.ts";
import { healthyRows, random, type Row, usualShape } from "../synthetic.fixture.ts";

const rule = "data-repeated";
const length = 50;
const rows = healthyRows(random(36), { ...usualShape, count: 6 * length, schedule: "constant" }).map((row, i): Row => ({
  ...row,
  epoch: (i + 1) / length,
}));
const saw = (height: number): Row[] =>
  rows.map((row, i) => ({ ...row, loss: (row["loss"] ?? 0) * (1 + height * ((i % length) / length - 0.5)) }));

test("finds a pattern that comes back in each epoch", () => {
  const found = findingOf(rule, { rows: saw(0.6) });
  expect(found).toMatchObject({ severity: "warning", causes: [{ id: "data-order-not-shuffled" }, {}] });
  expect(found?.message).toContain("once per epoch of 500 steps");
  expect(findingOf(rule, { rows: saw(0.6), info: { dialect: "torchtune" } })?.advice).toHaveLength(1);
  expect(
    changesOf(findingOf(rule, { rows: saw(0.6), config: { shuffle: false }, info: { dialect: "torchtune" } })),
  ).toEqual([{ key: "shuffle", from: false, to: true }]);
});

test("finds it without an epoch in the log", () => {
  const found = findingOf(rule, { rows: without(saw(0.6), "epoch") });
  expect(found?.severity).toBe("warning");
  expect(found?.message).toMatch(/once in (4[5-9]|5[0-5])\d steps/);
});

test("only says that a fixed order shows where it does little", () => {
  expect(findingOf(rule, { rows: saw(0.12) })?.severity).toBe("info");
});

test("is silent on shuffled epochs, with and without the epoch in the log", () => {
  expect(findingOf(rule, { rows })).toBeUndefined();
  expect(findingOf(rule, { rows: without(rows, "epoch") })).toBeUndefined();
});

test("is silent where the schedule makes the pattern", () => {
  const restarts = saw(-0.6).map((row, i) => ({ ...row, learning_rate: 1e-3 * (1 - (i % length) / length) }));
  expect(findingOf(rule, { rows: restarts })).toBeUndefined();
});

test("is not applicable to a single pass", () => {
  expect(missingFor(rule, { rows: rows.slice(0, 40) })).toEqual(["loss of several passes over the data"]);
});
