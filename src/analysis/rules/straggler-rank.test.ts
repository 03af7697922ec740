import { describe, expect, test } from "vitest";
import { fault, healthy, onsetOf, rulesOn } from "../families.fixture.ts";
import { findingOf, missingFor } from "../outcome.fixture.ts";
import { healthyRows, random, usualShape } from "../synthetic.fixture.ts";
import { series } from "../system.fixture.ts";

const rule = "straggler-rank";
const rows = healthyRows(random(7), { ...usualShape, evalEvery: 0 });

describe(rule, () => {
  test("the rank and the step where it falls behind", () => {
    const finding = findingOf(rule, fault("straggler", 3));
    expect(finding).toMatchObject({ severity: "error", recovered: false });
    expect(Math.abs((finding?.onset.step ?? 0) - onsetOf("straggler", 3))).toBeLessThanOrEqual(20);
    expect(finding?.onset.rank).toBeGreaterThanOrEqual(0);
    expect(finding?.causes[0]?.id).toBe("slow-node");
  });

  test("a rank that falls behind in the second half of a short log", () => {
    const next = random(8);
    const ranks = Array.from({ length: 3 }, (_, rank) =>
      series(
        "step_time",
        { rank: String(rank) },
        Array.from({ length: 30 }, (_unused, i) => (rank === 2 && i >= 18 ? 2 : 1) * Math.exp(0.02 * next.normal())),
      ),
    );
    expect(findingOf(rule, { rows: rows.slice(0, 30), series: ranks })).toMatchObject({
      severity: "error",
      onset: { rank: 2, step: 190 },
    });
  });

  test("a seventh is only noted, and rank 0 from the start has more to do", () => {
    const next = random(6);
    const ranks = Array.from({ length: 4 }, (_, rank) =>
      series(
        "step_time",
        { rank: String(rank) },
        Array.from({ length: 60 }, () => (rank === 0 ? 1.18 : 1) * Math.exp(0.02 * next.normal())),
      ),
    );
    const finding = findingOf(rule, { rows, series: ranks });
    expect(finding).toMatchObject({ severity: "info", onset: { rank: 0, step: 10 } });
    expect(finding?.causes.find((cause) => cause.id === "uneven-work")?.for).toHaveLength(2);
  });

  test("is silent when ranks are alike and take turns", () => {
    for (const seed of [1, 2, 3]) expect(rulesOn(healthy("ranksAlike", seed))).toEqual([]);
  });

  test("is silent on one rank that pauses now and then", () => {
    const ranks = Array.from({ length: 2 }, (_, rank) =>
      series(
        "step_time",
        { rank: String(rank) },
        Array.from({ length: 100 }, (_unused, i) => (rank === 1 && i % 10 === 0 ? 5 : 1 + 0.01 * ((i * 7 + rank) % 5))),
      ),
    );
    expect(rulesOn({ rows, series: ranks })).toEqual([]);
  });

  test("is not applicable to one rank", () => {
    expect(missingFor(rule, { rows: rows.map((row) => ({ ...row, step_time: 1 })) })).toHaveLength(1);
  });
});
