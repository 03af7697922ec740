import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { AppError } from "../../src/base/errors.ts";
import { openEmbeddedStore } from "../../src/store/embedded/embedded-store.ts";
import type { EmbeddedStoreOptions } from "../../src/store/embedded/embedded-store.ts";
import { batchOf, exampleRun, generator } from "../../src/store/store-examples.ts";
import type { Store } from "../../src/store/store.ts";
import { runId } from "./batches.ts";

const root = mkdtempSync(join(tmpdir(), "llmdbg-full-"));
const mount = join(root, "small");
mkdirSync(mount);
const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=40m", "tmpfs", mount], { encoding: "utf8" });
const refused =
  mounted.status === 0 ? "" : `a 40 MB file system cannot be mounted here: ${mounted.stderr ?? mounted.error}`;
afterAll(() => {
  if (mounted.status === 0) spawnSync("umount", ["-l", mount]);
  rmSync(root, { recursive: true, force: true });
});

const size = 5000;
const next = generator(7);

/** Appends until an append is refused; returns the numbers of the batches that were acknowledged. */
async function fill(store: Store, first: number): Promise<{ acknowledged: number; error: AppError }> {
  for (let sequence = first; sequence < 10_000; sequence++) {
    const step = Float64Array.from({ length: size }, (_, index) => sequence * size + index);
    const points = { name: "loss", labels: {}, step, time: step.map(next), value: step.map(next) };
    try {
      await store.append(runId, batchOf(points));
    } catch (error) {
      if (error instanceof AppError) return { acknowledged: sequence, error };
      throw error;
    }
  }
  throw new Error("the disk never became full");
}

async function expectBatches(store: Store, batches: number): Promise<void> {
  const [points] = await store.readPoints(runId, { series: ["loss"], limit: 100_000_000 });
  expect(points?.step.length).toBe(batches * size);
  expect(points?.step.every((step, index) => step === index)).toBe(true);
  const [chart] = await store.readBuckets(runId, { series: ["loss"], axis: "step", width: 300 });
  expect(chart?.points).toBe(batches * size);
}

describe(`a full disk${refused === "" ? "" : ` (skipped: ${refused})`}`, () => {
  async function scenario(name: string, options: EmbeddedStoreOptions): Promise<void> {
    const directory = join(mount, name);
    const filler = join(mount, "filler");
    writeFileSync(filler, Buffer.alloc(12_000_000));
    let store = await openEmbeddedStore(directory, options);
    await store.putRun(exampleRun(runId));
    const first = await fill(store, 0);
    expect(first.acknowledged).toBeGreaterThan(20);
    expect(first.error.code).toBe("disk-full");
    expect(first.error.message).toMatch(/Only [\d.]+ MB are free .* Free some space/);
    // Reads go on, nothing that was acknowledged is missing, nothing that was refused is there.
    await expectBatches(store, first.acknowledged);
    const second = await fill(store, first.acknowledged);
    await expectBatches(store, second.acknowledged);
    await store.close();
    store = await openEmbeddedStore(directory, options);
    await expectBatches(store, second.acknowledged);
    // Space returns: storing goes on without anybody doing anything.
    rmSync(filler);
    const third = await fill(store, second.acknowledged);
    expect(third.acknowledged).toBeGreaterThan(second.acknowledged + 10);
    await expectBatches(store, third.acknowledged);
    console.log(
      `${name}: ${first.acknowledged} batches until the disk was full, ${third.acknowledged} after space returned, all there; engine reopened ${store.incidents.length} times`,
    );
    if (options.floorBytes !== undefined) expect(store.incidents.length).toBeGreaterThan(0);
    await store.deleteRun(runId).catch(() => {});
    await store.close();
    rmSync(directory, { recursive: true, force: true });
  }

  test.skipIf(refused !== "")("stops at the free-space floor", () => scenario("floor", {}), 120_000);

  test.skipIf(refused !== "")(
    "survives running into the very end of the disk",
    () => scenario("end", { floorBytes: -1e9 }),
    120_000,
  );
});
