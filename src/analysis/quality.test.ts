/** The product's quality numbers on synthetic runs: false alarms of healthy families, recall of each fault. */
import { expect, test } from "vitest";
import { createDiagnosis, rules, signs, toReport } from "./index.ts";
import type { Finding } from "../model/finding.ts";
import { faultFamilies } from "./faulty.fixture.ts";
import { healthyFamilies } from "./healthy.fixture.ts";
import { appendRows, runOf, type Story } from "./synthetic.fixture.ts";

/** Watching a run grow costs a hundred diagnoses, so only the first seeds are watched. */
const liveSeeds = 15;
const seeds = Array.from({ length: 40 }, (_, i) => i + 1);

const findingsOf = (story: Story): Finding[] => {
  const run = runOf(story);
  const report = toReport(run, createDiagnosis(run, rules, signs)());
  expect(report.failed).toEqual([]);
  return report.findings;
};
const isAlarm = ({ severity }: Finding): boolean => severity !== "info";
const alarmsOf = (story: Story): Finding[] => findingsOf(story).filter(isAlarm);

/** Alarms raised at any time while the run grows, as a person would see them live. */
function liveAlarmsOf(story: Story): Finding[] {
  const run = runOf({ ...story, rows: story.rows.slice(0, 1), records: [] });
  const diagnose = createDiagnosis(run, rules, signs);
  const alarms = new Map<string, Finding>();
  let next = 1;
  while (next < story.rows.length) {
    const end = next < 40 ? next + 1 : next + 8;
    appendRows(run, story.rows.slice(next, end));
    next = end;
    for (const finding of toReport(run, diagnose()).findings)
      if (finding.severity !== "info" && !alarms.has(finding.rule)) alarms.set(finding.rule, finding);
  }
  return [...alarms.values()];
}

test("healthy runs are left in peace, when they are over and while they grow", () => {
  const lines: string[] = [];
  let errors = 0;
  let alarmed = 0;
  let liveAlarmed = 0;
  let liveErrors = 0;
  let runs = 0;
  let watched = 0;
  for (const [name, make] of healthyFamilies) {
    const seen = new Map<string, number>();
    for (const seed of seeds) {
      const story = make(seed);
      const alarms = alarmsOf(story);
      const live = seed <= liveSeeds ? liveAlarmsOf(story) : [];
      runs += 1;
      if (seed <= liveSeeds) watched += 1;
      if (alarms.length > 0) alarmed += 1;
      if (live.length > 0) liveAlarmed += 1;
      if (alarms.some((alarm) => alarm.severity === "error")) errors += 1;
      if (live.some((alarm) => alarm.severity === "error")) liveErrors += 1;
      for (const alarm of alarms) seen.set(alarm.rule, (seen.get(alarm.rule) ?? 0) + 1);
      for (const alarm of live) seen.set(`live ${alarm.rule}`, (seen.get(`live ${alarm.rule}`) ?? 0) + 1);
    }
    if (seen.size > 0) lines.push(`  ${name}: ${[...seen].map(([rule, count]) => `${rule} ${count}`).join(", ")}`);
  }
  console.info(
    [
      `healthy runs: ${runs} in ${healthyFamilies.size} families; alarmed at the end ${alarmed} (errors ${errors}), of ${watched} watched live ${liveAlarmed} (errors ${liveErrors})`,
      ...lines,
    ].join("\n"),
  );
  expect(runs).toBeGreaterThanOrEqual(500);
  expect(errors).toBe(0);
  expect(alarmed / runs).toBeLessThanOrEqual(0.01);
  expect(liveErrors / watched).toBeLessThanOrEqual(0.01);
  expect(liveAlarmed / watched).toBeLessThanOrEqual(0.02);
}, 300_000);

test("faults are found, at their step, as one story", () => {
  const lines: string[] = [];
  for (const [name, make] of faultFamilies) {
    let found = 0;
    let placed = 0;
    const others = new Map<string, number>();
    for (const seed of seeds) {
      const { rule, onset, story } = make(seed);
      const findings = findingsOf(story);
      const alarms = findings.filter(isAlarm);
      // A second moment that lags and harms nothing is told as a remark.
      const hit = findings.find((finding) => finding.rule === rule);
      if (hit !== undefined) found += 1;
      if (hit !== undefined && (Number.isNaN(onset) || Math.abs((hit.onset.step ?? Number.NaN) - onset) <= 20))
        placed += 1;
      for (const alarm of alarms) if (alarm.rule !== rule) others.set(alarm.rule, (others.get(alarm.rule) ?? 0) + 1);
    }
    const total = seeds.length;
    const extra = [...others.values()].reduce((sum, count) => sum + count, 0);
    lines.push(
      `  ${name}: found ${found}/${total}, onset within 2 rows ${placed}/${total}${others.size > 0 ? `, also ${[...others].map(([rule, count]) => `${rule} ${count}`).join(", ")}` : ""}`,
    );
    expect.soft(found / total, `${name}: recall`).toBeGreaterThanOrEqual(0.95);
    expect.soft(placed / total, `${name}: onset`).toBeGreaterThanOrEqual(0.9);
    expect.soft(extra / total, `${name}: other alarms`).toBeLessThanOrEqual(0.1);
  }
  console.info(["faults:", ...lines].join("\n"));
  expect(lines).toHaveLength(faultFamilies.size);
});
