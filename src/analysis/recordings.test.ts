/** Every rule on every recording under fixtures/: what must be found, and that nothing else is. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { consoleFormat, formats } from "../ingest/index.ts";
import { FlatConfig, flatten } from "../model/config.ts";
import type { Report } from "../model/report.ts";
import { createDiagnosis, RunData, rules, signs, toReport } from "./index.ts";

const root = new URL("../../fixtures/", import.meta.url);

const Expected = z.object({
  healthy: z.boolean(),
  findings: z.array(
    z.object({
      rule: z.string(),
      onset: z.object({ step: z.number(), tolerance: z.number() }),
      advice: z.array(z.string()),
    }),
  ),
  allowed: z.array(z.string()),
});
const Recording = z.object({
  name: z.string(),
  config: z.unknown(),
  startedAt: z.number(),
  endedAt: z.number().nullable(),
  exitStatus: z.number().nullable(),
});

const stories = readdirSync(root).filter((name) => existsSync(new URL(`${name}/expected.json`, root)));

function diagnoseFile(story: string, file: string): Report | null {
  const path = new URL(`${story}/${file}`, root);
  if (!existsSync(path)) return null;
  const recording = Recording.parse(JSON.parse(readFileSync(new URL(`${story}/run.json`, root), "utf8")));
  const bytes = new Uint8Array(readFileSync(path));
  const format = formats.find((candidate) => candidate.sniff(bytes.subarray(0, 65_536), file)) ?? consoleFormat;
  const decoder = format.decoder({ now: () => Number.NaN, startedAt: recording.startedAt });
  const run = new RunData({
    id: null,
    name: story,
    kind: "train",
    source: file,
    dialect: null,
    status: recording.exitStatus === 0 ? "finished" : "crashed",
    startedAt: recording.startedAt,
    endedAt: recording.endedAt,
    exitStatus: recording.exitStatus,
  });
  run.setConfig(FlatConfig.parse(flatten(recording.config)));
  for (const decoded of [decoder.push(bytes), decoder.end()]) {
    if (decoded.dialect !== undefined) run.setInfo({ dialect: decoded.dialect });
    run.append(decoded);
  }
  expect([...run.series].length, `series read from ${story}/${file}`).toBeGreaterThan(0);
  return toReport(run, createDiagnosis(run, rules, signs)());
}

test("there are recordings", () => {
  expect(stories.length).toBeGreaterThan(0);
});

describe.each(stories)("%s", (story) => {
  const expected = Expected.parse(JSON.parse(readFileSync(new URL(`${story}/expected.json`, root), "utf8")));
  const known = new Set([...expected.findings.map((finding) => finding.rule), ...expected.allowed]);

  test("its console gives the expected findings and no other alarm", () => {
    const report = diagnoseFile(story, "console.jsonl");
    expect(report?.failed).toEqual([]);
    for (const wanted of expected.findings) {
      const found = report?.findings.find((finding) => finding.rule === wanted.rule);
      expect(found, `${wanted.rule} in ${JSON.stringify(report?.findings.map((f) => f.message))}`).toBeDefined();
      expect(Math.abs((found?.onset.step ?? Number.NaN) - wanted.onset.step)).toBeLessThanOrEqual(
        wanted.onset.tolerance,
      );
      const keys = found?.advice.flatMap((advice) => advice.changes.map((change) => change.key));
      for (const key of wanted.advice) expect(keys).toContain(key);
    }
    const alarms = report?.findings.filter((finding) => finding.severity !== "info" && !known.has(finding.rule));
    expect(alarms?.map((finding) => finding.message)).toEqual([]);
  });

  test("its trainer_state.json gives no other alarm either", () => {
    const report = diagnoseFile(story, "trainer_state.json");
    // A run that died before its first checkpoint leaves none.
    const alarms = report?.findings.filter((finding) => finding.severity !== "info" && !known.has(finding.rule)) ?? [];
    expect(alarms.map((finding) => finding.message)).toEqual([]);
  });
});
