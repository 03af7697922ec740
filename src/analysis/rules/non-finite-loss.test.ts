import { describe, expect, test } from "vitest";

import { changesOf, findingOf, missingFor, reportOn, without } from "../outcome.fixture.ts";
import { healthyRows, random, type Row, type Story, usualShape } from "../synthetic.fixture.ts";

const rule = "non-finite-loss";
const rows = healthyRows(random(5), usualShape);
const healthy: Story = { rows };

const broken = (from: number): Row[] =>
  rows.map((row, i) => (i < from ? row : { ...row, loss: Number.NaN, grad_norm: Number.NaN }));

describe("non-finite-loss", () => {
  test("names the first bad step, and the code or the batch as the cause when nothing led to it", () => {
    const finding = findingOf(rule, { rows: broken(41) });
    expect(finding).toMatchObject({ severity: "error", onset: { step: 420 }, end: null, recovered: false });
    expect(finding?.evidence[0]).toMatchObject({ series: "loss", step: 420, value: "NaN" });
    // Of the recorded faults that come out of calm all are of the code; a batch is what sets it off.
    expect(finding?.causes.slice(0, 2).map(({ id }) => id)).toEqual(["nan-in-code", "bad-batch"]);
  });

  test("parts of an objective are looked at where no line has the whole", () => {
    const parts = broken(41).map(({ loss: value, ...row }) => ({
      ...row,
      "actor/pg_loss": value ?? Number.NaN,
      "critic/vf_loss": 0.3,
    }));
    const finding = findingOf(rule, { rows: parts });
    expect(finding).toMatchObject({ severity: "error", onset: { step: 420 } });
    expect(finding?.evidence[0]?.series).toBe("actor/pg_loss");
  });

  test("a surge of the gradient before it speaks for the learning rate, with numbers to change", () => {
    const led = broken(41).map((row, i) =>
      i >= 37 && i < 41 ? { ...row, grad_norm: 10 ** (i - 36), loss: 3 + i - 36 } : row,
    );
    const finding = findingOf(rule, { rows: led, config: { learning_rate: 0.02 } });
    expect(finding?.causes[0]?.id).toBe("learning-rate-too-high");
    expect(finding?.message).toContain("step 420");
    expect(changesOf(finding)).toContainEqual({ key: "learning_rate", from: 0.02, to: 0.002 });
    expect(reportOn({ rows: led }).findings).toHaveLength(1);
  });

  test("a falling loss scale speaks for fp16", () => {
    const scaled = broken(41).map((row, i) => ({ ...row, loss_scale: i < 30 ? 65536 : 65536 / 2 ** (i - 29) }));
    const finding = findingOf(rule, { rows: scaled, config: { fp16: true } });
    expect(finding?.causes[0]?.id).toBe("fp16-overflow");
    expect(changesOf(finding)).toContainEqual({ key: "bf16", from: null, to: true });
  });

  test("an infinite loss counts; one bad row that comes back is only a warning", () => {
    expect(
      findingOf(rule, { rows: rows.map((row, i) => (i < 9 ? row : { ...row, loss: Infinity })) })?.onset.step,
    ).toBe(100);
    const single = rows.map((row, i) => (i === 50 ? { ...row, loss: Number.NaN } : row));
    expect(findingOf(rule, { rows: single })).toMatchObject({
      severity: "warning",
      recovered: true,
      onset: { step: 510 },
      end: { step: 520 },
    });
  });

  test("a few bad rows at the start that are overcome are a warning; bad rows that keep coming are not", () => {
    const warmed = findingOf(rule, { rows: rows.map((row, i) => (i < 3 ? { ...row, loss: Number.NaN } : row)) });
    expect(warmed).toMatchObject({ severity: "warning", recovered: true, onset: { step: 10 }, end: { step: 40 } });
    expect(warmed?.message).toBe(
      "Loss was NaN in 3 logged steps, first at step 10, and finite again after at most 3 logged steps.",
    );
    const flickering = findingOf(rule, {
      rows: rows.map((row, i) => (i > 50 && i % 4 !== 0 ? { ...row, loss: Number.NaN } : row)),
    });
    expect(flickering).toMatchObject({ severity: "error", onset: { step: 540 } });
    expect(flickering?.message).toMatch(/It was finite in only \d+ of the \d+ logged steps since/);
  });

  test("a run that never had a finite loss is not sent back to a checkpoint that cannot exist", () => {
    const finding = findingOf(rule, { rows: broken(0) });
    expect(finding?.message).toContain("it was never finite");
    expect(finding?.advice.map((advice) => advice.id)).toContain("check-start");
    expect(finding?.advice.map((advice) => advice.id)).not.toContain("rewind");
  });

  test("evidence names the row of the learning rate that was in force", () => {
    const sparse = broken(41).map((row, i): Row =>
      i % 10 === 0 ? { ...row, learning_rate: 0.001 } : (without([row], "learning_rate")[0] ?? row),
    );
    const rate = findingOf(rule, { rows: sparse })?.evidence.find((one) => one.series === "learning_rate");
    expect(rate).toMatchObject({ step: 410, value: 0.001 });
  });

  test("is silent when only grad_norm is not a number now and then", () => {
    expect(
      findingOf(rule, { rows: rows.map((row, i) => (i % 40 === 7 ? { ...row, grad_norm: Number.NaN } : row)) }),
    ).toBeUndefined();
  });

  test("is silent on a healthy run", () => {
    expect(findingOf(rule, healthy)).toBeUndefined();
    expect(reportOn(healthy).clean).toContain(rule);
  });

  test("is not applicable without a loss", () => {
    expect(missingFor(rule, { rows: without(rows, "loss") })).toBeDefined();
  });
});
