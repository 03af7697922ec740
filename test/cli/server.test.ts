import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { z } from "zod";
import { getSeries } from "../../src/api/points.ts";
import { getRun, getRuns } from "../../src/api/runs.ts";
import { announcedServer } from "../../src/cli/client/announced.ts";
import { Report } from "../../src/model/report.ts";
import { llmdbg, start, workplace } from "./llmdbg.ts";

// The command line with a real server of its own on a data directory of its own.

const { dir, data } = workplace();
const trainer = fileURLToPath(new URL("trainer.mjs", import.meta.url));
const node = process.execPath;
const env = { LLMDBG_DIR: data };

async function ask<S extends z.ZodType>(schema: S, path: string): Promise<z.infer<S>> {
  const server = announcedServer(data);
  if (server === undefined) throw new Error("no server runs");
  return schema.parse(await (await fetch(server.url + path)).json());
}

const runsNamed = async (name: string): Promise<string[]> =>
  (await ask(getRuns.response, "/api/v1/runs?limit=1000")).runs.filter((run) => run.name === name).map(({ id }) => id);

async function seriesOf(id: string): Promise<Map<string, { count: number; segments: number }>> {
  const { series } = await ask(getSeries.response, `/api/v1/runs/${id}/series`);
  return new Map(series.map((each) => [each.id, { count: each.count, segments: each.segments }]));
}

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let waited = 0; !(await holds()); waited += 50) {
    if (waited > 30_000) throw new Error(`waited in vain for ${what}`);
    await sleep(50);
  }
}

test("run starts a server, stores the run, shows the finding and where to look", async () => {
  const result = await llmdbg(
    ["run", "--name", "first", "--project", "p", "--tag", "t", "--", node, trainer, "100", "20", "3", "41"],
    { cwd: dir, env },
  );
  expect(result.status).toBe(3);
  expect(result.stderr).toMatch(/this run is at http:\/\/127\.0\.0\.1:\d+\/runs\/first-[0-9a-f]{6}/);
  expect(result.stderr.match(/✖ error {2}Loss is not a number {2}non-finite-loss/g)).toHaveLength(1);
  const [id = ""] = await runsNamed("first");
  const { run } = await ask(getRun.response, `/api/v1/runs/${id}`);
  expect(run).toMatchObject({
    project: "p",
    status: "failed",
    exitStatus: 3,
    dialect: "hf",
    tags: ["t"],
    environment: { cwd: dir },
  });
  const series = await seriesOf(id);
  expect(series.get("loss")).toEqual({ count: 100, segments: 1 });
  expect(series.has("system/cpu_percent")).toBe(true);
  expect(readdirSync(join(data, "recordings"))).toEqual([]);

  const report = Report.parse(JSON.parse((await llmdbg(["diagnose", id, "--json"], { env })).stdout));
  expect(report.findings.map(({ rule }) => rule)).toEqual(["non-finite-loss"]);
  // The name does as well as long as no other run has it.
  expect(Report.parse(JSON.parse((await llmdbg(["diagnose", "first", "--json"], { env })).stdout))).toEqual(report);
  expect((await llmdbg(["logs", id, "--level", "info"], { env })).stdout).toContain("Running training");
});

test("an id that is stored nowhere", async () => {
  const { status, stderr } = await llmdbg(["diagnose", "no-such-run"], { env });
  expect(status).toBe(2);
  expect(stderr).toMatch(/no file or directory no-such-run, and no stored run/);
});

test("the server dies in the middle: training goes on, and nothing is lost once it is back", async () => {
  await until(
    "a server",
    async () => announcedServer(data) !== undefined || (await llmdbg(["import", trainer], { env })).status === 0,
  );
  const { child, ended } = start(["run", "--name", "killed", "--", node, trainer, "200", "40"], { cwd: dir, env });
  let stored = 0;
  await until("the first points", async () => {
    const [id] = await runsNamed("killed");
    stored = id === undefined ? 0 : ((await seriesOf(id)).get("loss")?.count ?? 0);
    return stored > 10;
  });
  const pid = announcedServer(data)?.pid ?? 0;
  process.kill(pid, "SIGKILL");
  await sleep(2500);
  expect(child.exitCode).toBeNull();
  const second = start(["serve", "--dir", data, "--idle-exit", "5"], { env });
  const result = await ended;
  expect(result.status).toBe(0);
  expect(result.stderr).toContain("the server went away. The training goes on");
  expect(result.stderr).toContain("the server is back");
  expect(result.stdout.match(/'loss'/g)).toHaveLength(200);
  const [id = ""] = await runsNamed("killed");
  expect((await seriesOf(id)).get("loss")).toEqual({ count: 200, segments: 1 });
  expect(readdirSync(join(data, "spool"))).toEqual([]);
  second.child.kill("SIGTERM");
  expect((await second.ended).status).toBe(0);
});

test("no server at the end: the rest waits on disk, and the next server takes it", async () => {
  const gone = start(["serve", "--dir", data], { env });
  await until("a server", () => announcedServer(data) !== undefined);
  const { ended } = start(["run", "--name", "late", "--", node, trainer, "60", "30"], { cwd: dir, env });
  await until("the run", async () => (await runsNamed("late")).length > 0);
  gone.child.kill("SIGKILL");
  const result = await ended;
  expect(result.status).toBe(0);
  expect(result.stderr).toMatch(/batch(es)? wait in \S+spool/);
  const next = start(["serve", "--dir", data], { env });
  await until(
    "the spool to be delivered",
    async () => announcedServer(data) !== undefined && readdirSync(join(data, "spool")).length === 0,
  );
  const [id = ""] = await runsNamed("late");
  await until("all points", async () => (await seriesOf(id)).get("loss")?.count === 60);
  next.child.kill("SIGTERM");
  expect((await next.ended).status).toBe(0);
}, 60_000);

test("import: once, again unchanged, grown", async () => {
  const path = join(dir, "history.jsonl");
  const lines = (n: number): string =>
    Array.from({ length: n }, (_, i) => `{"step": ${i + 1}, "loss": ${2 - i / 100}}\n`).join("");
  writeFileSync(path, `${lines(50)}{"step": "x", "loss": 1}\n`);
  const first = await llmdbg(["import", path], { env });
  expect([first.status, first.stderr]).toEqual([0, ""]);
  expect(first.stdout).toMatch(/^Imported history\.jsonl {2}http/);
  expect(first.stdout).toMatch(/1 metric, 50 points, 0 records/);
  expect(first.stdout).toMatch(/line 51 refused/);
  expect((await llmdbg(["import", path], { env })).stdout).toMatch(/^Unchanged/);
  writeFileSync(path, lines(80));
  expect((await llmdbg(["import", path], { env })).stdout).toMatch(/^Updated/);
  const ids = await runsNamed("history.jsonl");
  expect(ids).toHaveLength(1);
  expect((await seriesOf(ids[0] ?? "")).get("loss")).toEqual({ count: 80, segments: 1 });
});

test("import --json, with a path that is not there", async () => {
  const { status, stdout, stderr } = await llmdbg(
    ["import", join(dir, "history.jsonl"), join(dir, "missing"), "--json"],
    { env },
  );
  expect(status).toBe(0);
  expect(stderr).toContain("does not exist");
  expect(JSON.parse(stdout)).toMatchObject({
    schema: "llmdbg.import/1",
    runs: [{ outcome: "unchanged" }],
    failures: [{ reason: expect.any(String) }],
  });
  expect((await llmdbg(["import", join(dir, "missing")], { env })).status).toBe(2);
});

test("a second server on the same directory says where the first is", async () => {
  const { status, stderr } = await llmdbg(["serve", "--dir", data]);
  expect(status).toBe(2);
  expect(stderr).toContain(announcedServer(data)?.url);
});

test("doctor says what it found", async () => {
  const { stdout } = await llmdbg(["doctor", "--json"], { env });
  const { checks } = z
    .object({ checks: z.array(z.object({ name: z.string(), state: z.enum(["ok", "warn", "fail"]) })) })
    .parse(JSON.parse(stdout));
  expect(checks.map(({ name }) => name)).toEqual([
    "Node",
    "data directory",
    "free space",
    "server",
    "port",
    "Python",
    "GPU",
    "browser",
    "clock",
  ]);
  expect(checks.find(({ name }) => name === "server")?.state).toBe("ok");
});

test("the demo stores the recordings, replays a faulty one, finds it, and ends without a terminal", async () => {
  const demo = join(dir, "demo");
  const { status, stdout } = await llmdbg(["demo", "--speed", "1000", "--dir", demo, "--port", "0"]);
  expect(status).toBe(0);
  expect(stdout).toContain("This is a recording");
  expect(stdout).toMatch(/✖ error /);
  expect(stdout).toContain("learning_rate");
  expect(stdout).toContain("llmdbg run -- python train.py");
  expect(announcedServer(demo)).toBeUndefined();
}, 120_000);
