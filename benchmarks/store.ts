/**
 * Measures the embedded store alone, without HTTP: ingest, commit latency, charts, size and memory.
 *
 *     UV_THREADPOOL_SIZE=16 npx tsx benchmarks/store.ts [millions of points, default 10]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SeriesPoints } from "../src/model/series.ts";
import { openEmbeddedStore } from "../src/store/embedded/embedded-store.ts";
import { exampleRun, generator } from "../src/store/store-examples.ts";
import type { BucketQuery } from "../src/store/store.ts";

const total = Number(process.argv[2] ?? 10) * 1e6;
const directory = mkdtempSync(join(tmpdir(), "llmdbg-bench-"));
let store = await openEmbeddedStore(directory, { restMs: 2000 });
const next = generator(1);

const memory = (): string => `${(process.memoryUsage().rss / 1e6).toFixed(0)} MB`;
const quantile = (sorted: readonly number[], share: number): string =>
  (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN).toFixed(2);

function batch(series: number, points: number, from: number): SeriesPoints[] {
  return Array.from({ length: series }, (_, index) => ({
    name: `metric.${index}`,
    labels: {},
    step: Float64Array.from({ length: points }, (_step, at) => from + at),
    time: Float64Array.from({ length: points }, (_time, at) => 1.7e12 + (from + at) * 10),
    value: Float64Array.from({ length: points }, next),
  }));
}

/** `lanes` senders that each wait for their acknowledgement. Data are made before the clock starts. */
async function ingest(run: string, [series, points, batches]: [number, number, number], lanes: number): Promise<void> {
  await store.putRun(exampleRun(run));
  const latencies: number[] = [];
  let busy = 0;
  for (let begin = 0; begin < batches; begin += 50) {
    const ready = Array.from({ length: Math.min(50, batches - begin) }, (_, index) =>
      batch(series, points, (begin + index) * points),
    );
    const began = performance.now();
    const send = async (): Promise<void> => {
      for (let one = ready.shift(); one !== undefined; one = ready.shift()) {
        const sent = performance.now();
        await store.append(run, { series: one, records: [] });
        latencies.push(performance.now() - sent);
      }
    };
    await Promise.all(Array.from({ length: lanes }, send));
    busy += performance.now() - began;
  }
  latencies.sort((a, b) => a - b);
  const rate = (series * points * batches) / (busy / 1000) / 1e6;
  console.log(
    `ingest ${series} series x ${points} points a batch, ${lanes} senders: ${rate.toFixed(2)} million points/s, acknowledged after p50 ${quantile(latencies, 0.5)} p99 ${quantile(latencies, 0.99)} ms, memory ${memory()}`,
  );
}

async function charts(label: string, query: Partial<BucketQuery>): Promise<void> {
  const took: number[] = [];
  for (let repeat = 0; repeat < 51; repeat++) {
    const shift = query.from === undefined ? 0 : Math.floor(next() * total * 0.01);
    const moved = query.from === undefined ? {} : { from: query.from + shift, to: (query.to ?? 0) + shift };
    const began = performance.now();
    await store.readBuckets("one", { series: ["metric.0"], axis: "step", width: 1000, ...query, ...moved });
    took.push(performance.now() - began);
  }
  const [first = Number.NaN, ...rest] = took;
  rest.sort((a, b) => a - b);
  console.log(
    `chart ${label}: first ${first.toFixed(1)} ms, then p50 ${quantile(rest, 0.5)} p95 ${quantile(rest, 0.95)} ms`,
  );
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

console.log(`open, empty: memory ${memory()}`);
await ingest("one", [1, 50_000, total / 50_000], 2);
await ingest("twenty", [20, 500, 100], 4);
await ingest("thousand", [1000, 10, 100], 4);
await ingest("live", [10, 20, 500], 1);
await charts(`of ${total / 1e6} million points`, {});
await charts("of the middle half", { from: total * 0.25, to: total * 0.75 });
await charts("of 1 %", { from: total * 0.5, to: total * 0.51 });
await charts("of 2,000 points", { from: total * 0.5, to: total * 0.5 + 2000 });
await charts("smoothed", { smoothing: 0.99 });
const perPoint = async (): Promise<string> => {
  const { totalBytes, points } = await store.size();
  return `${(totalBytes / points).toFixed(1)} bytes a point (random values: 8 of them cannot be compressed)`;
};
await wait(5000);
console.log(`at rest: memory ${memory()}, ${await perPoint()}`);
let began = performance.now();
await store.compact();
console.log(`compacted in ${(performance.now() - began).toFixed(0)} ms: ${await perPoint()}`);
await charts("of 1 %, compacted", { from: total * 0.5, to: total * 0.51 });
await store.close();
began = performance.now();
store = await openEmbeddedStore(directory);
console.log(`opened again in ${(performance.now() - began).toFixed(0)} ms`);
began = performance.now();
await store.deleteRun("one");
await store.compact();
const { totalBytes } = await store.size();
console.log(
  `largest run deleted and disk given back in ${(performance.now() - began).toFixed(0)} ms: ${(totalBytes / 1e6).toFixed(1)} MB left`,
);
await store.close();
rmSync(directory, { recursive: true, force: true });
