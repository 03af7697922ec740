import { spawn } from "node:child_process";
import { once } from "node:events";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { getSeries, postPoints } from "../../src/api/points.ts";
import { postRecords } from "../../src/api/records.ts";
import { getReport, getRun, getRuns, patchRun, postRun } from "../../src/api/runs.ts";
import { listen, openServer, type TestServer } from "./harness.ts";

let server: TestServer;
beforeAll(async () => {
  server = await openServer();
});
afterAll(() => server.stop());

const start = (id: string, more: object = {}) =>
  server.read(postRun.response, "POST", "/api/v1/runs", { id, project: "live", ...more });
const post = (id: string, step: number[], value: unknown[], name = "loss") =>
  server.read(postPoints.response, "POST", `/api/v1/runs/${id}/points`, { series: [{ name, step, value }] });
const watch = (id: string) => listen(`${server.url}/api/v1/runs/${id}/events`);

describe("the events of a run", () => {
  it("begin with its state and go on with its changes", async () => {
    await start("watched");
    await post("watched", [1, 2], [3, 2]);
    const stream = await watch("watched");
    const first = await stream.next("series");
    expect(first.series).toMatchObject([{ id: "loss", count: 2, lastValue: 2 }]);
    expect((await stream.next("run")).run).toMatchObject({ id: "watched", status: "running" });
    await stream.next("report");
    expect((await stream.next("records")).total).toBe(0);

    await post("watched", [3, 2, 4], [1, "NaN", 0.5]);
    await post("watched", [1], [0.9], "eval_loss");
    const grown = await stream.next("series", (e) => e.series.some((s) => s.count === 5));
    const { series } = await server.read(getSeries.response, "GET", "/api/v1/runs/watched/series");
    const loss = series.find((s) => s.id === "loss");
    expect(loss).toMatchObject({ segments: 2, nonFinite: 1 });
    expect(grown.series.find((s) => s.id === "loss")).toEqual(loss);

    await server.read(postRecords.response, "POST", "/api/v1/runs/watched/records", {
      records: [{ message: "hello" }],
    });
    await stream.next("records", (e) => e.total === 1);
    await server.read(patchRun.response, "PATCH", "/api/v1/runs/watched", { status: "finished" });
    await stream.next("run", (e) => e.run.status === "finished");
    stream.close();

    const again = await watch("watched");
    expect((await again.next("run")).run).toMatchObject({ status: "finished", lastStep: 4, lastLoss: 0.5 });
    expect((await again.next("series")).series).toHaveLength(2);
    again.close();
  });

  it("come at most about ten times a second, and the last one is complete", async () => {
    await start("fast");
    const stream = await watch("fast");
    await stream.next("report");
    const began = Date.now();
    let step = 0;
    while (Date.now() - began < 1_000) await post("fast", [(step += 1)], [1]);
    await stream.next("series", (e) => e.series[0]?.count === step);
    const seconds = (Date.now() - began) / 1_000;
    expect(step).toBeGreaterThan(5);
    const sent = stream.events.filter((e) => e.kind === "series" && e.series.length > 0);
    expect(sent.length).toBeLessThanOrEqual(10 * seconds + 2);
    stream.close();
  });

  it("of all runs tell of new, changed and deleted runs only", async () => {
    const stream = await listen(`${server.url}/api/v1/events`);
    await start("listed");
    await stream.next("run", (e) => e.run.id === "listed");
    await post("listed", [7], [1.25]);
    await stream.next("run", (e) => e.run.id === "listed" && e.run.lastStep === 7 && e.run.lastLoss === 1.25);
    await server.ask("DELETE", "/api/v1/runs/listed");
    await stream.next("run-deleted", (e) => e.run === "listed");
    expect(new Set(stream.events.map((e) => e.kind))).toEqual(new Set(["run", "run-deleted"]));
    stream.close();
  });

  it("leave nothing behind when a browser goes", async () => {
    await start("left");
    const before = process.getActiveResourcesInfo().length;
    for (let i = 0; i < 30; i += 1) {
      const stream = await watch("left");
      await stream.next("report");
      stream.close();
      await stream.done;
    }
    await sleep(300);
    await post("left", [1], [1]);
    expect(process.getActiveResourcesInfo().length - before).toBeLessThan(10);
  });
});

describe("the diagnosis of a live run", () => {
  it("reaches the screen within half a second of the points", async () => {
    await start("diverging", { config: { learning_rate: 0.1 }, dialect: "hf" });
    const healthy = Array.from({ length: 200 }, (_, i) => i + 1);
    await post(
      "diverging",
      healthy,
      healthy.map((i) => 2 + 5 / i),
    );
    const stream = await watch("diverging");
    await stream.next("report", (e) => e.report.findings.length === 0);
    const began = performance.now();
    await post("diverging", [201, 202, 203, 204, 205], ["NaN", "NaN", "NaN", "NaN", "NaN"]);
    const { report } = await stream.next("report", (e) => e.report.findings.some((f) => f.rule === "non-finite-loss"));
    expect(performance.now() - began).toBeLessThan(500);
    expect(report.findings.find((f) => f.rule === "non-finite-loss")?.onset.step).toBe(201);
    await stream.next("run", (e) => e.run.verdict === "error");
    stream.close();

    // The same from the list, from the report, and from the store after a restart.
    const { runs } = await server.read(getRuns.response, "GET", "/api/v1/runs?search=diverging");
    expect(runs).toMatchObject([{ verdict: "error", lastStep: 205, lastLoss: "NaN" }]);
    await server.read(patchRun.response, "PATCH", "/api/v1/runs/diverging", { status: "finished" });
    const asked = await server.read(getReport.response, "GET", "/api/v1/runs/diverging/report");
    expect(asked.findings.map((f) => f.rule)).toEqual(report.findings.map((f) => f.rule));
    await server.stop(true);
    server = await openServer({ directory: server.directory });
    expect((await server.store.getFindings("diverging")).map((f) => f.rule)).toContain("non-finite-loss");
    const list = await server.read(getRuns.response, "GET", "/api/v1/runs?search=diverging");
    expect(list.runs[0]).toEqual({ ...runs[0], status: "finished", endedAt: list.runs[0]?.endedAt });
    expect(list.runs[0]?.endedAt).toBeGreaterThan(0);
    expect(await server.read(getReport.response, "GET", "/api/v1/runs/diverging/report")).toEqual(asked);
  });

  it("knows the points from before a restart", async () => {
    await start("across");
    await post("across", [1, 2, 3], [3, 2, 1]);
    await server.stop(true);
    server = await openServer({ directory: server.directory });
    await post("across", [4], [0.5]);
    const report = await server.read(getReport.response, "GET", "/api/v1/runs/across/report");
    expect(report.run).toMatchObject({ firstStep: 1, lastStep: 4 });
    const stream = await watch("across");
    expect((await stream.next("series")).series).toMatchObject([{ count: 4, segments: 1 }]);
    stream.close();
  });
});

describe("a run whose process is gone", () => {
  it("is marked as lost, and goes on when it reports again", { timeout: 60_000 }, async () => {
    const child = spawn(process.execPath, ["-e", "setTimeout(() => {}, 100000)"]);
    await start("killed", { environment: { host: hostname(), pid: child.pid } });
    await start("alive", { environment: { host: hostname(), pid: process.pid } });
    child.kill("SIGKILL");
    await once(child, "exit");
    const stream = await watch("killed");
    for (let i = 0; i < 30 && !stream.events.some((e) => e.kind === "run" && e.run.status === "lost"); i += 1) {
      await sleep(1_000);
    }
    await stream.next("run", (e) => e.run.status === "lost");
    expect((await server.read(getRun.response, "GET", "/api/v1/runs/alive")).run.status).toBe("running");
    await post("killed", [1], [1]);
    await stream.next("run", (e) => e.run.status === "running" && e.run.lastStep === 1);
    stream.close();
  });
});
