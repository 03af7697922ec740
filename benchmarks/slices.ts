/**
 * The search for slices beside python `sliceline`, in one run, and on a million examples.
 *
 *     npx tsx benchmarks/slices.ts [adult.data [python]]
 *
 * adult.data: Adult census, data/adult.data of github.com/yeounoh/slicefinder; python: one that has `sliceline`. Without them
 * the first part is left out, and it says so.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { Random } from "../src/base/random.ts";
import type { Column } from "../src/analysis/slices/column.ts";
import { allRows, bruteForce, evenly, randomColumns, sliceLineOf } from "../src/analysis/slices/made.fixture.ts";
import { findSlices } from "../src/analysis/slices/find-slices.ts";
import { searchSlices, type SearchResult } from "../src/analysis/slices/search.ts";
import { tableOf } from "../src/analysis/slices/table.ts";

const Table = z.object({
  names: z.array(z.string()),
  values: z.array(z.array(z.string())),
  codes: z.array(z.array(z.number())),
  errors: z.array(z.number()),
});
const Peer = z.object({ seconds: z.number(), peak_mb: z.number(), before_mb: z.number(), scores: z.array(z.number()) });

interface Sought {
  readonly depth: number;
  readonly minSize: number;
}

function search(columns: readonly Column[], errors: Float64Array, { depth, minSize }: Sought): SearchResult {
  const options = { score: sliceLineOf(errors, 0.95), count: 10, minSize, depth };
  const steps = searchSlices(tableOf(columns, errors, allRows(errors.length), minSize), options);
  for (let step = steps.next(); ; step = steps.next()) if (step.done === true) return step.value;
}

const timed = <T>(work: () => T): readonly [T, number] => {
  const began = performance.now();
  const result = work();
  return [result, (performance.now() - began) / 1000];
};

const peakMb = (): number => process.resourceUsage().maxRSS / 1024;
const rule = (columns: readonly Column[], { items }: SearchResult["found"][number]): string =>
  items
    .map(({ source: { column, value } }) => `${columns[column]?.attribute}=${columns[column]?.values[value]}`)
    .join(" & ");

/** A process of its own, so that its memory is that of the search. */
function adultHere(path: string): void {
  const { names, values, codes, errors: raw } = Table.parse(JSON.parse(readFileSync(path, "utf8")));
  const columns = names.map((attribute, index) => ({
    attribute,
    codes: Int32Array.from(codes[index] ?? []),
    values: values[index] ?? [],
  }));
  const errors = Float64Array.from(raw);
  const sought = { depth: 3, minSize: Math.floor(errors.length / 100) };
  const before = peakMb();
  const [first, cold] = timed(() => search(columns, errors, sought));
  const peak = peakMb();
  const [, warm] = timed(() => search(columns, errors, sought));
  const [all, unlimited] = timed(() => search(columns, errors, { ...sought, depth: Infinity }));
  const exhaustive = bruteForce(columns, errors, { score: sliceLineOf(errors, 0.95), ...sought }).slice(0, 10);
  const scores = first.found.map(({ score }) => score);
  console.log(
    `llmdbg: ${cold.toFixed(3)} s (again: ${warm.toFixed(3)} s), peak ${peak.toFixed(0)} MB (${before.toFixed(0)} MB before), ${first.evaluated} candidates; no limit of depth: ${unlimited.toFixed(2)} s, ${all.evaluated} candidates`,
  );
  console.log(`same scores as exhaustive search: ${String(isSame(scores, exhaustive))}`);
  for (const found of first.found.slice(0, 3))
    console.log(`  ${found.score.toFixed(6)} n ${found.size} ${rule(columns, found)}`);
  console.log(JSON.stringify({ cold, peak, scores }));
}

const Here = z.object({ cold: z.number(), peak: z.number(), scores: z.array(z.number()) });
const isSame = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((value, index) => Math.abs(value - (b[index] ?? Number.NaN)) < 1e-6);
const lastLine = (text: string): string => text.trim().split("\n").at(-1) ?? "";

function adult(data: string, python: string): void {
  const table = join(mkdtempSync(join(tmpdir(), "llmdbg-slices-")), "table.json");
  const peerScript = fileURLToPath(new URL("slices-peer.py", import.meta.url));
  const ran = spawnSync(python, [peerScript, data, table], { encoding: "utf8" });
  if (ran.status !== 0) throw new Error(`the peer failed: ${ran.stderr}`);
  const peer = Peer.parse(JSON.parse(lastLine(ran.stdout)));
  console.log(
    `sliceline: ${peer.seconds.toFixed(2)} s, peak ${peer.peak_mb.toFixed(0)} MB (${peer.before_mb.toFixed(0)} MB before)`,
  );
  const self = spawnSync(process.execPath, [...process.execArgv, fileURLToPath(import.meta.url), "--adult", table], {
    encoding: "utf8",
  });
  if (self.status !== 0) throw new Error(self.stderr);
  const lines = self.stdout.trim().split("\n");
  console.log(lines.slice(0, -1).join("\n"));
  const here = Here.parse(JSON.parse(lines.at(-1) ?? ""));
  console.log(
    `${(peer.seconds / here.cold).toFixed(0)} times as fast, ${((100 * here.peak) / peer.peak_mb).toFixed(1)} % of the memory, same scores: ${String(isSame(here.scores, peer.scores))}`,
  );
}

/** Skewed categories of 10 values; a slice of two of them is three times as wrong. */
function million(): void {
  const random = new Random(42);
  const rows = 1_000_000;
  const weights = Array.from({ length: 40 }, () => Array.from({ length: 10 }, (_, value) => 1 / (value + 1)));
  const columns = randomColumns(random, rows, weights);
  const [first, last] = [columns[0]?.codes, columns[39]?.codes];
  const errors = Float64Array.from({ length: rows }, (_, row) =>
    random.uniform() < (first?.[row] === 1 && last?.[row] === 1 ? 0.3 : 0.1) ? 1 : 0,
  );
  const [plain, took] = timed(() => search(columns, errors, { depth: 3, minSize: rows / 100 }));
  console.log(
    `1,000,000 x 40 to depth 3: ${took.toFixed(1)} s, ${plain.evaluated} candidates, peak ${peakMb().toFixed(0)} MB; worst ${plain.found[0] === undefined ? "none" : rule(columns, plain.found[0])}`,
  );
  const ids = Array.from({ length: rows }, (_, row) => String(row));
  const groups = Array.from(ids, () => null);
  const [report, whole] = timed(() => {
    const steps = findSlices({ ids, groups, errors, values: new Map(), columns });
    for (let step = steps.next(); ; step = steps.next()) if (step.done === true) return step.value;
  });
  console.log(
    `the same, found on one half and confirmed on the other: ${whole.toFixed(1)} s, ${JSON.stringify(report.search)}`,
  );
}

function wide(): void {
  const random = new Random(42);
  const columns = randomColumns(random, 50_000, evenly(30, 10));
  const [first, last] = [columns[0]?.codes, columns[29]?.codes];
  const errors = Float64Array.from({ length: 50_000 }, (_, row) =>
    random.uniform() < (first?.[row] === 3 && last?.[row] === 7 ? 0.95 : 0.05) ? 1 : 0,
  );
  const [found, took] = timed(() => search(columns, errors, { depth: 2, minSize: 50 }));
  console.log(
    `planted in 30 attributes of 10 values, 50,000 rows: ${took.toFixed(2)} s, worst ${found.found[0] === undefined ? "none" : rule(columns, found.found[0])}`,
  );
}

const [data = "adult.data", python = "python3"] = process.argv.slice(2);
if (data === "--adult") adultHere(python);
else {
  if (existsSync(data)) adult(data, python);
  else console.log(`no file ${data}: Adult census is left out`);
  wide();
  million();
}
