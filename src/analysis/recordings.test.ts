/** Every rule on every recording under fixtures/: what must be found, and that nothing else is. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { consoleFormat, formats } from "../ingest/index.ts";
import type { Decoded } from "../model/batch.ts";
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

/** Reports after each piece of the file; a live run is one that is cut into many pieces. */
function diagnoseFile(story: string, file: string, pieces = 1): Report[] {
  const path = new URL(`${story}/${file}`, root);
  // A run that died before its first checkpoint leaves no trainer_state.json.
  if (!existsSync(path)) return [];
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
    status: pieces > 1 ? "running" : recording.exitStatus === 0 ? "finished" : "crashed",
    startedAt: recording.startedAt,
    endedAt: recording.endedAt,
    exitStatus: recording.exitStatus,
  });
  run.setConfig(FlatConfig.parse(flatten(recording.config)));
  const diagnose = createDiagnosis(run, rules, signs);
  const reports: Report[] = [];
  const add = (decoded: Decoded): void => {
    if (decoded.dialect !== undefined) run.setInfo({ dialect: decoded.dialect });
    run.append(decoded);
  };
  const size = Math.ceil(bytes.length / pieces);
  for (let start = 0; start < bytes.length; start += size) {
    add(decoder.push(bytes.subarray(start, start + size)));
    if (start + size >= bytes.length) add(decoder.end());
    reports.push(toReport(run, diagnose()));
  }
  expect([...run.series].length, `series read from ${story}/${file}`).toBeGreaterThan(0);
  return reports;
}

const alarmsOf = (reports: readonly Report[], known: ReadonlySet<string>): string[] =>
  reports.flatMap((report) =>
    report.findings
      .filter((finding) => finding.severity !== "info" && !known.has(finding.rule))
      .map((finding) => `${finding.rule}: ${finding.message}`),
  );

test("there are recordings", () => {
  expect(stories.length).toBeGreaterThan(0);
});

describe.each(stories)("%s", (story) => {
  const expected = Expected.parse(JSON.parse(readFileSync(new URL(`${story}/expected.json`, root), "utf8")));
  const known = new Set([...expected.findings.map((finding) => finding.rule), ...expected.allowed]);

  test("its console gives the expected findings and no other alarm", () => {
    const [report] = diagnoseFile(story, "console.jsonl");
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
    expect(report === undefined ? [] : alarmsOf([report], known)).toEqual([]);
  });

  test("its trainer_state.json gives no other alarm either", () => {
    expect(alarmsOf(diagnoseFile(story, "trainer_state.json"), known)).toEqual([]);
  });

  test("it gives no other alarm at any time while it grows", () => {
    expect(new Set(alarmsOf(diagnoseFile(story, "console.jsonl", 150), known))).toEqual(new Set());
  });
});
