import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { batchOf, examplePoints, exampleRun } from "../store-examples.ts";
import { openEmbeddedStore } from "./embedded-store.ts";

const root = mkdtempSync(join(tmpdir(), "llmdbg-upkeep-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const values = (length: number): number[] => Array.from({ length }, (_, index) => Math.sin(index));
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test("a store that rests merges its log and goes on as if nothing had happened", async () => {
  const directory = join(root, "rest");
  const store = await openEmbeddedStore(directory, { restMs: 100 });
  await store.putRun(exampleRun("a"));
  await store.append("a", batchOf(examplePoints("loss", values(20_000))));
  const chart = { series: ["loss"], axis: "step", width: 100, smoothing: 0.9 } as const;
  const before = await store.readBuckets("a", chart);
  expect(readdirSync(directory)).toContain("store-1.duckdb.wal");
  while (readdirSync(directory).includes("store-1.duckdb.wal")) await wait(50);
  expect(await store.readBuckets("a", chart)).toEqual(before);
  await store.append("a", batchOf(examplePoints("loss", values(1000), 20_000)));
  expect((await store.readBuckets("a", chart))[0]?.points).toBe(21_000);
  expect(store.incidents).toEqual([]);
  await store.close();
});

test("appends and reads that meet a resting store are served", async () => {
  const store = await openEmbeddedStore(join(root, "busy"), { restMs: 5 });
  await store.putRun(exampleRun("a"));
  for (let batch = 0; batch < 40; batch++) {
    await store.append("a", batchOf(examplePoints("loss", values(500), batch * 500)));
    await wait((batch % 5) * 6);
    const [points] = await store.readPoints("a", { series: ["loss"], limit: 100_000 });
    expect(points?.step.length).toBe((batch + 1) * 500);
  }
  await store.close();
});

test("appends that are not awaited are stored in the order in which they were made", async () => {
  const store = await openEmbeddedStore(join(root, "queue"));
  await store.putRun(exampleRun("a"));
  const appends = Array.from({ length: 60 }, (_, batch) =>
    store.append("a", batchOf(examplePoints("loss", values(1000), batch * 1000))),
  );
  await Promise.all(appends);
  const [points] = await store.readPoints("a", { series: ["loss"], limit: 100_000 });
  expect(points?.step.every((step, index) => step === index)).toBe(true);
  expect(points?.step.length).toBe(60_000);
  await store.close();
});

test("changes that are under way when the store closes are stored, later ones refused", async () => {
  const directory = join(root, "close");
  const store = await openEmbeddedStore(directory);
  await store.putRun(exampleRun("a"));
  const last = store.append("a", batchOf(examplePoints("loss", values(1000))));
  await Promise.all([last, store.close()]);
  await expect(store.append("a", batchOf(examplePoints("loss", [1], 5000)))).rejects.toMatchObject({
    code: "store-unavailable",
  });
  const again = await openEmbeddedStore(directory);
  expect((await again.listSeries("a"))[0]?.count).toBe(1000);
  await again.close();
});

test("10,000 series and 2,000 runs are listed at once", async () => {
  const store = await openEmbeddedStore(join(root, "many"));
  await Promise.all(
    Array.from({ length: 2000 }, (_, index) => store.putRun(exampleRun(`run-${index}`, { createdAt: index }))),
  );
  const series = Array.from({ length: 10_000 }, (_, index) => examplePoints(`layer.${index}.norm`, [1, 2]));
  await store.append("run-7", batchOf(...series));
  const began = performance.now();
  expect(await store.listSeries("run-7")).toHaveLength(10_000);
  const page = await store.listRuns({ limit: 100, offset: 0, search: "run" });
  const took = performance.now() - began;
  expect(page.total).toBe(2000);
  expect(page.runs[0]?.id).toBe("run-1999");
  // Far above what it takes, so that a busy machine does not fail it; a scan of all points would.
  expect(took).toBeLessThan(500);
  await store.close();
});
