import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  openSync,
  closeSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openEmbeddedStore } from "../../src/store/embedded/embedded-store.ts";
import { batchOf, exampleRun } from "../../src/store/store-examples.ts";
import type { Store } from "../../src/store/store.ts";
import { pointsOf, runId } from "./batches.ts";

const batches = 20;
const size = 500;
const files = ["current", "store-1.duckdb", "store-1.duckdb.wal"];

describe("a damaged write-ahead log", () => {
  const root = mkdtempSync(join(tmpdir(), "llmdbg-log-"));
  const healthy = join(root, "healthy");
  let owner: Store;

  beforeAll(async () => {
    owner = await openEmbeddedStore(healthy);
    await owner.putRun(exampleRun(runId));
    for (let sequence = 1; sequence <= batches; sequence++) {
      await owner.append(runId, batchOf(pointsOf(sequence, size)));
    }
  });
  afterAll(async () => {
    await owner.close();
    rmSync(root, { recursive: true, force: true });
  });

  /** Copies the files as a power cut would leave them, damages the log, and opens the copy. */
  async function openDamaged(name: string, damage: (log: string, bytes: number) => void): Promise<Store> {
    const directory = join(root, name);
    const empty = await openEmbeddedStore(directory);
    await empty.close();
    for (const file of files)
      if (existsSync(join(healthy, file))) copyFileSync(join(healthy, file), join(directory, file));
    const log = join(directory, "store-1.duckdb.wal");
    damage(log, statSync(log).size);
    return openEmbeddedStore(directory);
  }

  const overwrite = (log: string, at: number, bytes: Buffer): void => {
    const handle = openSync(log, "r+");
    writeSync(handle, bytes, 0, bytes.length, at);
    closeSync(handle);
  };

  /** All whole batches up to some batch, and nothing else. */
  async function storedBatches(store: Store): Promise<number> {
    const [points] = await store.readPoints(runId, { series: ["loss"], limit: 1_000_000 });
    const steps = points?.step ?? new Float64Array();
    expect(steps.length % size).toBe(0);
    for (const [index, step] of steps.entries()) {
      expect(step).toBe((Math.floor(index / size) + 1) * 1_000_000 + (index % size));
    }
    const [chart] = await store.readBuckets(runId, { series: ["loss"], axis: "step", width: 100 });
    expect(chart?.points).toBe(steps.length);
    return steps.length / size;
  }

  async function goesOn(store: Store): Promise<void> {
    const before = await storedBatches(store);
    await store.append(runId, batchOf(pointsOf(before + 1, size)));
    expect(await storedBatches(store)).toBe(before + 1);
  }

  test("whole: everything is there", async () => {
    const store = await openDamaged("whole", () => {});
    expect(store.incidents).toEqual([]);
    expect(await storedBatches(store)).toBe(batches);
    await store.close();
  });

  test("garbled: opened after repair, what was lost is said, the damaged file is kept", async () => {
    const store = await openDamaged("garbled", (log, bytes) =>
      overwrite(log, bytes - 12_000, Buffer.alloc(9000, 0x5a)),
    );
    const kept = await storedBatches(store);
    expect(kept).toBeGreaterThan(batches - 5);
    expect(kept).toBeLessThan(batches);
    const [incident] = store.incidents;
    expect(incident?.what).toMatch(/damaged from byte \d+ on, so the last \d+ of its \d+ bytes could not be read/);
    expect(statSync(incident?.keptFile ?? "").size).toBeGreaterThan(0);
    await goesOn(store);
    await store.close();
  });

  test("followed by zeros: nothing is lost, the damaged file is kept", async () => {
    const store = await openDamaged("zeros", (log, bytes) => overwrite(log, bytes, Buffer.alloc(4096)));
    expect(await storedBatches(store)).toBe(batches);
    expect(existsSync(store.incidents[0]?.keptFile ?? "")).toBe(true);
    await goesOn(store);
    await store.close();
  });

  test("cut off: the last batch is missing and an incident says so", async () => {
    const store = await openDamaged("cut", (log, bytes) => truncateSync(log, bytes - 3000));
    expect(await storedBatches(store)).toBe(batches - 1);
    expect(store.incidents[0]?.what).toMatch(/ended in an incomplete entry/);
    expect(existsSync(store.incidents[0]?.keptFile ?? "")).toBe(true);
    await goesOn(store);
    await store.close();
  });

  test("unreadable from its first entry: an incident says so instead of an empty store without a word", async () => {
    const store = await openDamaged("head", (log) => overwrite(log, 8, Buffer.alloc(400, 0xff)));
    expect(store.incidents[0]?.what).toMatch(/incomplete entry/);
    expect(existsSync(store.incidents[0]?.keptFile ?? "")).toBe(true);
    expect(await store.getRun(runId)).toBeUndefined();
    await store.close();
  });
});
