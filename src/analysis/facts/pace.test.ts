import { expect, test } from "vitest";
import { createDiagnosis } from "../diagnose.ts";
import { throughputDrop } from "../rules/throughput-drop.ts";
import { appendRows, random, type Row, runOf } from "../synthetic.fixture.ts";

/** More rows than are looked at one by one, with slow stretches that end, and one at the end that goes on. */
const rows = (column: "step_time" | "tokens_per_sec" | "none", seed: number): Row[] => {
  const next = random(seed);
  let time = 1_700_000_000_000;
  return Array.from({ length: 9_500 }, (_, i) => {
    const isSlow = (i > 2_000 && i < 2_400) || (i > 5_000 && i < 6_200) || i > 9_000;
    const seconds = 2 * (isSlow ? 2.6 : 1) * Math.exp(0.05 * next.normal());
    time += seconds * 1_000;
    const told = column === "step_time" ? { step_time: seconds } : { tokens_per_sec: 4_096 / seconds };
    return { step: i, time, loss: 2 + Math.exp(-i / 500), ...(column === "none" ? {} : told) };
  });
};

test.each(["step_time", "tokens_per_sec", "none"] as const)("row by row comes to the same, told by %s", (column) => {
  const all = rows(column, 3);
  const next = random(5);
  const growing = runOf({ rows: [] });
  const diagnose = createDiagnosis(growing, [throughputDrop], []);
  let found = 0;
  for (let at = 0; at < all.length;) {
    const to = Math.min(all.length, at + next.integer(1, 700));
    appendRows(growing, all.slice(at, to));
    at = to;
    const { outcomes } = diagnose();
    const whole = createDiagnosis(runOf({ rows: all.slice(0, at) }), [throughputDrop], [])();
    expect(outcomes, `${at} rows`).toEqual(whole.outcomes);
    const [outcome] = outcomes;
    if (outcome?.status === "checked") found += outcome.findings.length;
  }
  expect(found).toBeGreaterThan(0);
});
