import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { NewRun } from "../../api/runs.ts";
import { openEmbeddedStore } from "../../store/embedded/embedded-store.ts";
import type { Store } from "../../store/store.ts";
import { keepCurve, keptSparkline } from "./kept-curve.ts";

let directory: string;
let store: Store;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "llmdbg-curve-"));
  store = await openEmbeddedStore(directory);
  const run = NewRun.parse({ project: "p" });
  await store.putRun({ ...run, id: "r", name: "r", status: "running", createdAt: 0, endedAt: null, exitStatus: null });
});
afterAll(async () => {
  await store.close();
  await rm(directory, { recursive: true, force: true });
});

it("gives a curve back only for exactly the points that it was made of", async () => {
  expect(await keptSparkline(store, "r", { id: "loss", count: 3 })).toBeUndefined();
  await keepCurve(store, "r", { series: "loss", count: 3, sparkline: [3, null, 1] });
  expect(await keptSparkline(store, "r", { id: "loss", count: 3 })).toEqual([3, null, 1]);
  expect(await keptSparkline(store, "r", { id: "loss", count: 4 })).toBeUndefined();
  expect(await keptSparkline(store, "r", { id: "eval_loss", count: 3 })).toBeUndefined();
});
