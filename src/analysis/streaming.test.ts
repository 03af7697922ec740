/**
 * Streaming equals batch: whatever the pieces in which a run comes in, and however often it was diagnosed on the way,
 * its report is in the end the one of a run that was read at once.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { findInputs } from "../cli/read/find-inputs.ts";
import { readRun, toRunData } from "../cli/read/read-run.ts";
import type { Report } from "../model/report.ts";
import type { SeriesPoints } from "../model/series.ts";
import { faultFamilies } from "./faulty.fixture.ts";
import { healthyFamilies } from "./healthy.fixture.ts";
import { createDiagnosis, rules, type RunData, signs, toReport } from "./index.ts";
import { random, type Random, runOf, type Story } from "./synthetic.fixture.ts";

const root = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const directories = (path: string): string[] =>
  existsSync(root(path))
    ? readdirSync(root(path), { withFileTypes: true }).flatMap((entry) =>
        entry.isDirectory() ? [join(root(path), entry.name)] : [],
      )
    : [];

/** Of the many recordings of the fault benchmark every so many are taken. */
const sampled = 12;
const paths = [
  ...directories("fixtures").filter((path) => existsSync(join(path, "run.json"))),
  ...directories("fixtures/formats"),
  ...directories("benchmarks/faults/recordings").filter((_, i) => i % sampled === 0),
];

const seed = Number(process.env["LLMDBG_SEED"] ?? Date.now() % 1_000_000);
console.info(`streaming: seed ${seed} (repeat with LLMDBG_SEED=${seed})`);

interface Source {
  readonly series: readonly SeriesPoints[];
  readonly records: RunData["records"];
}

const cut = (points: SeriesPoints, from: number, to: number): SeriesPoints => ({
  ...points,
  step: points.step.subarray(from, to),
  time: points.time.subarray(from, to),
  value: points.value.subarray(from, to),
});

/** Sizes of all magnitudes from 1 to `most`. */
const sizeOf = (next: Random, most: number): number => Math.ceil(most ** next.uniform());

/**
 * Feeds `source` piece by piece. `together`: each piece holds the rows of all series up to a step; else each series
 * comes at a pace of its own, as files and ranks do. Series appear in the same order as in the batch.
 */
function streamed(run: RunData, source: Source, next: Random, together: boolean): Report {
  const diagnose = createDiagnosis(run, rules, signs);
  const at = source.series.map(() => 0);
  const longest = Math.max(1, ...source.series.map(({ step }) => step.length));
  let record = 0;
  const isLeft = (): boolean =>
    record < source.records.length || source.series.some(({ step }, i) => (at[i] ?? 0) < step.length);
  for (let first = true; isLeft(); first = false) {
    const rows = sizeOf(next, longest);
    const series = source.series.flatMap((points, i) => {
      const from = at[i] ?? 0;
      const share = points.step.length / longest;
      const size = first ? 1 : together ? Math.ceil(rows * share) : sizeOf(next, longest) - 1;
      at[i] = Math.min(points.step.length, from + size);
      return (at[i] ?? 0) > from ? [cut(points, from, at[i] ?? 0)] : [];
    });
    const until = Math.min(source.records.length, record + sizeOf(next, Math.max(1, source.records.length)));
    run.append({ series, records: source.records.slice(record, until) });
    record = until;
    toReport(run, diagnose());
  }
  return toReport(run, diagnose());
}

function compare(name: string, batch: RunData, empty: () => RunData, number: number): void {
  const expected = toReport(batch, createDiagnosis(batch, rules, signs)());
  const source = {
    series: [...batch.series].map(({ name: metric, labels, step, time, value }) => ({
      name: metric,
      labels,
      step,
      time,
      value,
    })),
    records: batch.records,
  };
  for (const together of [true, false]) {
    const next = random(seed + number);
    const report = streamed(empty(), source, next, together);
    expect(report, `${name}, seed ${seed}, ${together ? "rows together" : "series apart"}`).toEqual(expected);
  }
}

test.each(paths.map((path, i) => [path.slice(root("").length), path, i] as const))("%s", async (name, path, i) => {
  for (const input of await findInputs(path)) {
    const read = await readRun(input);
    compare(name, toRunData(read), () => toRunData({ ...read, series: [], records: [] }), i);
  }
});

const stories: readonly (readonly [string, Story, number])[] = [
  ...[...healthyFamilies].map(([name, make], i) => [name, make(seed + i), i] as const),
  ...[...faultFamilies].map(([name, make], i) => [name, make(seed + i).story, i] as const),
];

test.each(stories)("synthetic %s", (name, story, i) => {
  compare(name, runOf(story), () => runOf({ ...story, rows: [], series: [], records: [] }), i);
});
