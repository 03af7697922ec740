/** Against the real server, in this process. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { startServer } from "../../../src/server/server.ts";
import { openEmbeddedStore } from "../../../src/store/embedded/embedded-store.ts";
import { init, log, logRecord, finish } from "../src/index.ts";

let directory = "";
let close: () => Promise<void> = async () => {};
let url = "";

async function serve(): Promise<void> {
  const store = await openEmbeddedStore(directory);
  const server = await startServer({ store, directory, host: "127.0.0.1", port: 0, version: "0.0.0" });
  url = server.url;
  close = async () => {
    await server.close();
    await store.close();
  };
}

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "llmdbg-sdk-server-"));
  for (const name of ["LLMDBG_URL", "LLMDBG_TOKEN", "LLMDBG_RUN_ID", "LLMDBG_PROJECT", "RANK"]) vi.stubEnv(name, "");
  await serve();
});
afterEach(async () => {
  await finish("finished", 2_000);
  await close();
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true, force: true });
});

const get = async (path: string): Promise<unknown> => (await fetch(`${url}/api/v1${path}`)).json();

test("a run arrives as it was logged", async () => {
  const run = init({ project: "p", name: "first", config: { optimizer: { lr: 1e-3 } }, tags: ["t"], dir: directory });
  for (const [step, loss] of [1, Number.NaN, Number.POSITIVE_INFINITY, 0.5].entries()) log({ loss }, step);
  logRecord({ message: "bad batch", error: new Error("shape") });
  await finish();
  expect(await get(`/runs/${run.id}`)).toMatchObject({
    run: {
      project: "p",
      name: "first",
      status: "finished",
      source: "sdk-js",
      config: { "optimizer.lr": 1e-3 },
      tags: ["t"],
    },
  });
  expect(await get(`/runs/${run.id}/points?series=loss`)).toMatchObject({
    series: [{ step: [0, 1, 2, 3], value: [1, "NaN", "Infinity", 0.5] }],
  });
  expect(await get(`/runs/${run.id}/records`)).toMatchObject({
    records: [{ level: "error", message: "bad batch", step: 3 }],
  });
});

test("a server that stops in the middle and comes back has everything once", async () => {
  const run = init({ dir: directory });
  for (let step = 0; step < 100; step += 1) log({ loss: step }, step);
  await run.flush();
  await close();
  for (let step = 100; step < 200; step += 1) log({ loss: step }, step);
  await run.flush();
  await serve();
  for (let step = 200; step < 300; step += 1) log({ loss: step }, step);
  await finish();
  const steps = Array.from({ length: 300 }, (_, step) => step);
  expect(await get(`/runs/${run.id}/points?series=loss`)).toMatchObject({ series: [{ step: steps, value: steps }] });
  expect(readdirSync(join(directory, "spool"))).toEqual([]);
});
