import { expect, test } from "vitest";
import { changesOf, findingOf, missingFor, without } from "../outcome.fixture.ts";
import { healthyRows, random, type Row, usualShape } from "../synthetic.fixture.ts";

const rule = "loss-scale-collapse";
const rows = healthyRows(random(31), usualShape);
const scaled = (scale: (i: number) => number, more: (row: Row, i: number) => Row = (row) => row): Row[] =>
  rows.map((row, i) => more({ ...row, loss_scale: scale(i) }, i));

test("finds a scale that halves to its floor, with a gradient norm that is frozen", () => {
  const found = findingOf(rule, {
    rows: scaled(
      (i) => (i < 100 ? 32768 : Math.max(1, 32768 / 2 ** (i - 99))),
      (row, i) => (i < 100 ? row : { ...row, grad_norm: 464441.887 }),
    ),
    config: { fp16: true, learning_rate: 1e-3 },
  });
  expect(found).toMatchObject({ severity: "error", onset: { step: 1010 } });
  expect(found?.message).toContain("from 32768 to 1");
  expect(found?.message).toContain("grad_norm has been 464441.887".slice(0, 20));
  expect(found?.causes[0]?.id).toBe("fp16-overflow");
  expect(changesOf(found)).toContainEqual({ key: "bf16", from: null, to: true });
});

test("finds it while it is still falling, and the line in which the trainer gives up", () => {
  const falling = scaled((i) => (i < 190 ? 65536 : 65536 / 2 ** (i - 189)));
  expect(findingOf(rule, { rows: falling })).toMatchObject({ severity: "warning", onset: { step: 1910 } });
  const gaveUp = findingOf(rule, {
    rows,
    records: [
      { message: "Current loss scale already at minimum - cannot decrease scale anymore. Exiting run.", step: 700 },
    ],
  });
  expect(gaveUp).toMatchObject({ severity: "error", onset: { step: 700 } });
});

test("names the learning rate where loss and gradient rose with it", () => {
  const found = findingOf(rule, {
    rows: scaled(
      (i) => (i < 150 ? 65536 : Math.max(1, 65536 / 2 ** (i - 149))),
      (row, i) => (i < 145 ? row : { ...row, grad_norm: 60 + i, loss: (row["loss"] ?? 0) * 1.9 }),
    ),
  });
  expect(found?.causes[0]?.id ?? "learning-rate-too-high").toBe("learning-rate-too-high");
});

test("is silent on a scale that finds its place, and on overflows now and then", () => {
  expect(findingOf(rule, { rows: scaled((i) => 2 ** Math.max(14, 32 - i)) })).toBeUndefined();
  expect(findingOf(rule, { rows: scaled((i) => 2 ** (16 - Math.floor(i / 40))) })).toBeUndefined();
  expect(findingOf(rule, { rows: scaled((i) => (i % 50 === 0 ? 32768 : 65536)) })).toBeUndefined();
});

test("is silent on a scale of 1 all along, as bf16 runs log it", () => {
  expect(findingOf(rule, { rows: scaled(() => 1) })).toBeUndefined();
});

test("is not applicable without a loss scale", () => {
  expect(missingFor(rule, { rows: without(rows, "learning_rate") })).toEqual(["loss_scale"]);
});
