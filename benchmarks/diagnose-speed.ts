/**
 * What a diagnosis costs on a long run: from a file, in the engine alone, and live batch by batch.
 *
 *   npm run build && npx tsx benchmarks/diagnose-speed.ts [steps=100000] [part ...]
 *
 * Parts: `file` (llmdbg diagnose --json end to end), `engine` (series in memory), `live` (batches of 1 to 100 rows, each
 * followed by a diagnosis), `growth` (engine and live at 10^4, 10^5 and 10^6 steps). All but `growth` when none is named.
 * 50 series: a pre-training log, gradient norms of 24 layers, and 15 series that no rule looks at. The seed is fixed.
 */
import { spawnSync } from "node:child_process";
import { createWriteStream, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { createDiagnosis, RunData, rules, signs, toReport } from "../src/analysis/index.ts";
import type { SeriesPoints } from "../src/model/series.ts";
import { quantile } from "../src/base/statistics.ts";
import { random } from "../src/analysis/synthetic.fixture.ts";

const bin = fileURLToPath(new URL("../bin/llmdbg.js", import.meta.url));
const [given, ...named] = process.argv.slice(2);
const steps = given === undefined ? 100_000 : Number(given);
const parts = named.length > 0 ? named : ["file", "engine", "live"];

/** A healthy run with spikes now and then, so that no fact ends early. */
function makeRun(count: number): SeriesPoints[] {
  const next = random(7);
  const step = Float64Array.from({ length: count }, (_, i) => i + 1);
  const time = Float64Array.from(step, (s) => 1_700_000_000_000 + s * 250);
  // Five significant digits, as trainers print.
  const column = (make: (i: number, share: number) => number): Float64Array =>
    Float64Array.from({ length: count }, (_, i) => Number(make(i, i / count).toPrecision(5)));
  const series = (name: string, value: Float64Array, labels = {}): SeriesPoints => ({
    name,
    labels,
    step,
    time,
    value,
  });
  const every = (n: number, { name, labels, value }: SeriesPoints): SeriesPoints => {
    const pick = (from: Float64Array): Float64Array => from.filter((_, i) => (i + 1) % n === 0);
    return { name, labels, step: pick(step), time: pick(time), value: pick(value) };
  };
  const spike = (i: number): number => (i % 7919 === 7000 ? 1.6 : 1);
  const noisy = (level: number, noise: number): number => level * Math.exp(noise * next.normal());
  const mean = (share: number): number => 2 + 9 * (1 + 400 * share) ** -0.5;
  return [
    series(
      "loss",
      column((i, share) => noisy(mean(share), 0.03) * spike(i)),
    ),
    series(
      "grad_norm",
      column((i) => noisy(0.4, 0.2) * spike(i) ** 4),
    ),
    series(
      "learning_rate",
      column((_, share) => 3e-4 * Math.min(1, 50 * share) * (1 - 0.9 * share)),
    ),
    series(
      "loss_scale",
      column((i) => 65536 / 2 ** Math.floor((i % 20_000) / 5000)),
    ),
    series(
      "epoch",
      column((_, share) => share),
    ),
    series(
      "tokens_per_sec",
      column(() => noisy(52_000, 0.02)),
    ),
    series(
      "step_time",
      column(() => noisy(0.25, 0.02)),
    ),
    every(
      500,
      series(
        "eval_loss",
        column((_, share) => noisy(mean(share), 0.004)),
      ),
    ),
    every(
      500,
      series(
        "eval_accuracy",
        column((_, share) => noisy(0.2 + 0.4 * share, 0.01)),
      ),
    ),
    series(
      "entropy",
      column(() => noisy(2, 0.05)),
    ),
    series(
      "logits/log_z",
      column(() => noisy(11, 0.01)),
    ),
    ...Array.from({ length: 24 }, (_, layer) =>
      series(
        "layer/grad_norm",
        column(() => noisy(0.08, 0.2)),
        { layer: `model.layers.${layer}` },
      ),
    ),
    ...Array.from({ length: 15 }, (_, k) =>
      series(
        `custom/metric_${k}`,
        column(() => next.normal()),
      ),
    ),
  ];
}

const formats: Readonly<Record<string, (run: readonly SeriesPoints[]) => Iterable<string>>> = {
  "points.json": function* columns(run) {
    yield '{"schema":"llmdbg.points/1","series":[\n';
    for (const [i, { name, labels, step, value }] of run.entries())
      yield `${i === 0 ? "" : ",\n"}${JSON.stringify({ name, labels, step: [...step], value: [...value] })}`;
    yield "\n]}\n";
  },
  "metrics.jsonl": function* jsonl(run) {
    for (const row of rowsOf(run)) yield `${JSON.stringify(Object.fromEntries([["step", row.step], ...row.values]))}\n`;
  },
  "metrics.csv": function* csv(run) {
    const names = run.map(nameOf);
    yield `step,${names.join(",")}\n`;
    for (const row of rowsOf(run)) {
      const values = new Map(row.values);
      yield `${row.step},${names.map((name) => values.get(name) ?? "").join(",")}\n`;
    }
  },
};

const nameOf = ({ name, labels }: SeriesPoints): string => [name, ...Object.values(labels)].join("/");

function* rowsOf(run: readonly SeriesPoints[]): Iterable<{ step: number; values: [string, number][] }> {
  const rows = run.map((points) => ({ name: nameOf(points), points, at: 0 }));
  const [first] = rows;
  for (const step of first?.points.step ?? []) {
    const values: [string, number][] = [];
    for (const row of rows) {
      if (row.points.step[row.at] !== step) continue;
      values.push([row.name, row.points.value[row.at] ?? Number.NaN]);
      row.at += 1;
    }
    yield { step, values };
  }
}

const ms = (value: number): string => `${value.toFixed(value < 10 ? 2 : 0)} ms`;

/** Microseconds of processor time (all threads), at the end of the measured process. */
const sayProcessor = `data:text/javascript,process.on("exit",()=>{const{user,system}=process.cpuUsage();process.stderr.write("\\nprocessor "+(user+system))})`;

/** Of five, the fastest: what other processes do meanwhile is not measured. */
async function files(run: readonly SeriesPoints[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "llmdbg-speed-"));
  try {
    for (const [name, write] of Object.entries(formats)) {
      const path = join(folder, name);
      const out = createWriteStream(path);
      for (const text of write(run)) if (!out.write(text)) await once(out, "drain");
      out.end();
      await once(out, "finish");
      const times = Array.from({ length: 5 }, () => {
        const before = performance.now();
        const { status, stdout, stderr } = spawnSync(
          process.execPath,
          ["--import", sayProcessor, bin, "diagnose", path, "--json"],
          { encoding: "utf8", maxBuffer: 2 ** 28 },
        );
        if (status !== 0 && status !== 1) throw new Error(stderr);
        if (!stdout.includes('"loss"')) throw new Error(`${name}: the loss was not read`);
        return { wall: performance.now() - before, processor: Number(/processor (\d+)/.exec(stderr)?.[1]) / 1000 };
      });
      const fastest = (of: "wall" | "processor"): string => ms(Math.min(...times.map((time) => time[of])));
      const size = `${(statSync(path).size / 2 ** 20).toFixed(0)} MB`;
      console.log(`file    ${name.padEnd(14)} ${size}: ${fastest("wall")} (processor ${fastest("processor")})`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const emptyRun = (): RunData =>
  new RunData({
    id: null,
    name: "speed",
    kind: "train",
    source: "benchmark",
    dialect: null,
    status: "running",
    startedAt: null,
    endedAt: null,
    exitStatus: null,
  });

/** Series in memory to a report, the fastest of three; processor time, since nothing waits here. */
function engine(run: readonly SeriesPoints[]): number {
  const times = Array.from({ length: 3 }, () => {
    const data = emptyRun();
    const { user } = process.cpuUsage();
    for (const points of run) data.appendPoints(points);
    toReport(data, createDiagnosis(data, rules, signs)());
    return (process.cpuUsage().user - user) / 1000;
  });
  return Math.min(...times);
}

interface Cursor {
  readonly points: SeriesPoints;
  row: number;
}

/** The rows up to this step of every series. */
function appendUpTo(data: RunData, cursors: readonly Cursor[], step: number): void {
  for (const cursor of cursors) {
    const { name, labels, step: all, time, value } = cursor.points;
    let end = cursor.row;
    while (end < all.length && (all[end] ?? Number.NaN) <= step) end += 1;
    if (end === cursor.row) continue;
    data.appendPoints({
      name,
      labels,
      step: all.subarray(cursor.row, end),
      time: time.subarray(cursor.row, end),
      value: value.subarray(cursor.row, end),
    });
    cursor.row = end;
  }
}

/** What each batch took in milliseconds: on the clock, and of processor time in all threads, so with the compiler's. */
interface Times {
  readonly wall: number[];
  readonly processor: number[];
}

/** The last tenth of a run in batches of 1 to 100 rows of all series, each followed by a diagnosis. */
function live(run: readonly SeriesPoints[], count: number, batches = 300): Times {
  const next = random(11);
  const data = emptyRun();
  const cursors = run.map((points) => ({ points, row: 0 }));
  const diagnose = createDiagnosis(data, rules, signs);
  let at = Math.floor(0.9 * count);
  appendUpTo(data, cursors, at);
  toReport(data, diagnose());
  const times: Times = { wall: [], processor: [] };
  while (times.wall.length < batches && at < count) {
    at += next.integer(1, 100);
    const { user } = process.cpuUsage();
    const before = performance.now();
    appendUpTo(data, cursors, at);
    data.clock = 1_700_000_000_000 + at * 250 + 100;
    toReport(data, diagnose());
    times.wall.push(performance.now() - before);
    times.processor.push((process.cpuUsage().user - user) / 1000);
  }
  return times;
}

const summary = (times: readonly number[]): string =>
  `p50 ${ms(quantile(times, 0.5))}, p95 ${ms(quantile(times, 0.95))}, max ${ms(Math.max(...times))} over ${times.length} batches`;

if (parts.includes("growth")) {
  let before: { engine: number; live: number } | undefined;
  for (const count of [1e4, 1e5, 1e6]) {
    const run = makeRun(count);
    const now = { engine: engine(run), live: quantile(live(run, count).wall, 0.5) };
    const ratio = (of: "engine" | "live"): string =>
      before === undefined ? "" : ` (${(now[of] / before[of]).toFixed(1)} times)`;
    console.log(
      `growth  ${count} steps x ${run.length}: engine ${ms(now.engine)}${ratio("engine")}, a live batch ${ms(now.live)}${ratio("live")}`,
    );
    before = now;
  }
}
if (parts.some((part) => part !== "growth")) {
  const run = makeRun(steps);
  console.log(`${steps} steps x ${run.length} series`);
  if (parts.includes("engine")) console.log(`engine  ${ms(engine(run))}`);
  if (parts.includes("live")) {
    // A server is in the second case after its first minutes.
    for (const when of ["while code is being compiled", "once it is"]) {
      const { wall, processor } = live(run, steps);
      console.log(`live    ${when}: ${summary(wall)} (processor ${summary(processor)})`);
    }
  }
  if (parts.includes("file")) await files(run);
}
