import { describe, expect, test } from "vitest";

import { healthyFamilies } from "../healthy.fixture.ts";
import { findingOf, missingFor, reportOn, without } from "../outcome.fixture.ts";
import { healthyRows, random, type Row, type Story, usualShape } from "../synthetic.fixture.ts";

const rule = "loss-spike";
const rows = healthyRows(random(5), usualShape);
const healthy: Story = { rows };

const spiked = (height: number, length: number): Row[] =>
  rows.map((row, i) =>
    i >= 120 && i < 120 + length ? { ...row, loss: (row["loss"] ?? 0) + height, grad_norm: 20 } : row,
  );

describe("loss-spike", () => {
  test("a batch beside one of those that differ most is no spike of two rows", () => {
    const next = random(12);
    // One batch in five is harder than the others, by far more than the others differ.
    const story = (second: number) => ({
      rows: Array.from({ length: 80 }, (_, i) => {
        const usual = 1.2 + 0.8 * Math.exp(-i / 10) + 0.01 * next.normal() + (i % 5 === 0 ? 0.12 : 0);
        return { step: 5 * i + 5, loss: i === 61 ? 2.1 : i === 62 ? usual + second : usual };
      }),
    });
    expect(findingOf(rule, story(0.18))?.severity).toBe("info");
    expect(findingOf(rule, story(0.7))?.severity).toBe("warning");
  });

  test("a loss that falls steeply from row to row is not noisy for it", () => {
    const rows = Array.from({ length: 36 }, (_, i) => ({
      step: 10 * i + 10,
      loss: i === 26 || i === 27 ? 16 : 1 + 30 * Math.exp(-i / 6) + 0.02 * Math.sin(2.4 * i),
      grad_norm: i === 26 || i === 27 ? 40 : 3.5,
    }));
    expect(findingOf(rule, { rows })).toMatchObject({ severity: "warning", onset: { step: 270 } });
  });

  test("says where it began, how high it was and when it was back", () => {
    const finding = findingOf(rule, { rows: spiked(4, 3) });
    expect(finding).toMatchObject({ severity: "warning", onset: { step: 1210 }, end: { step: 1240 }, recovered: true });
    expect(finding?.message).toContain("after 3 logged steps");
    expect(reportOn({ rows: spiked(4, 3) }).findings).toHaveLength(1);
  });

  test("warns of one row that is worse than before training, when its gradient stands out", () => {
    const first = rows[0]?.["loss"] ?? 0;
    const contradicted = (loss: number, norm: number): Row[] =>
      rows.map((row, i) => (i === 120 ? { ...row, loss, grad_norm: norm * (row["grad_norm"] ?? 0) } : row));
    expect(findingOf(rule, { rows: contradicted(1.3 * first, 6) })?.severity).toBe("warning");
    expect(findingOf(rule, { rows: contradicted(1.3 * first, 1) })?.severity).toBe("info");
    expect(findingOf(rule, { rows: contradicted(0.9 * first, 6) })?.severity).not.toBe("warning");
  });

  test("warns of one row that doubled where a row is the mean of many steps, and not where it comes again and again", () => {
    const doubled = (...at: number[]): Row[] =>
      rows.map((row, i) =>
        at.includes(i) ? { ...row, loss: 2.4 * (row["loss"] ?? 0), grad_norm: 3 * (row["grad_norm"] ?? 0) } : row,
      );
    expect(findingOf(rule, { rows: doubled(40) })?.severity).toBe("warning");
    expect(findingOf(rule, { rows: doubled(40, 80, 120) })?.severity).toBe("info");
  });

  test("a row that stood out before belongs to the spike where its gradient surged, and not where it did not", () => {
    const noise = 0.02;
    const next = random(12);
    const led = (norm: number): Row[] =>
      rows.map((row, i) => ({
        ...row,
        loss: 3 + noise * next.normal() + (i === 120 ? 5.5 * noise : i === 121 ? 1 : 0),
        grad_norm: (row["grad_norm"] ?? 0) * (i === 120 ? norm : 1),
      }));
    expect(findingOf(rule, { rows: led(8) })).toMatchObject({ severity: "warning", onset: { step: 1210 } });
    expect(findingOf(rule, { rows: led(1) })).toMatchObject({ severity: "info", onset: { step: 1220 } });
  });

  test("kinds of data that come one behind the other are told by a held-out loss that stands as high as the peaks", () => {
    const next = random(3);
    const blocks = (held: number): Row[] =>
      rows.map((row, i): Row => {
        const loss = 1.2 + 3 * Math.exp(-(i % 60) / 10) * Math.exp(0.02 * next.normal());
        const { eval_loss: _, ...training } = row;
        return i % 30 === 29 ? { ...training, loss, eval_loss: held } : { ...training, loss };
      });
    const finding = findingOf(rule, { rows: blocks(4) });
    expect(finding?.causes[0]?.id).toBe("data-order-not-shuffled");
    expect(finding?.advice[0]?.id).toBe("shuffle");
    const spread = findingOf(rule, { rows: blocks(1.3) });
    expect(spread?.causes[0]?.id).not.toBe("data-order-not-shuffled");
    expect(spread?.advice[0]?.id).toBe("skip-batches");
  });

  test("several spikes are one finding", () => {
    const many = rows.map((row, i) =>
      [60, 61, 110, 111, 160, 161].includes(i) ? { ...row, loss: (row["loss"] ?? 0) + 3 } : row,
    );
    expect(findingOf(rule, { rows: many })?.message).toContain("2 more spikes");
  });

  test("one odd row that is back in the next is told, not warned of", () => {
    expect(findingOf(rule, { rows: spiked(1, 1) })?.severity).toBe("info");
  });

  test("is silent on noise, on heavy tails and on a rise after the schedule raised the rate", () => {
    for (const family of ["noisy", "largeNorm", "restarts"])
      for (let seed = 100; seed < 110; seed++) {
        const story = healthyFamilies.get(family)?.(seed);
        if (story === undefined) throw new Error(`no family ${family}`);
        expect(findingOf(rule, story)?.severity ?? "info").toBe("info");
      }
  });

  test("is silent on a healthy run", () => {
    expect(findingOf(rule, healthy)).toBeUndefined();
    expect(reportOn(healthy).clean).toContain(rule);
  });

  test("is not applicable without a loss, and to a reinforcement loss", () => {
    expect(missingFor(rule, { rows: without(rows, "loss") })).toEqual(["loss of supervised training, 8 rows of it"]);
    const policy = rows.map((row): Row => ({ ...row, reward: 0.5 }));
    expect(missingFor(rule, { rows: policy })).toEqual(["loss of supervised training, 8 rows of it"]);
  });
});
