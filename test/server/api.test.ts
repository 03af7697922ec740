import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventsPath, runEventsPath } from "../../src/api/events.ts";
import { routes } from "../../src/api/index.ts";
import { getBuckets, getPoints, getSeries, postPoints } from "../../src/api/points.ts";
import { getRecordGroups, getRecords, postRecords } from "../../src/api/records.ts";
import { deleteRun, getReport, getRun, getRuns, patchRun, postRun } from "../../src/api/runs.ts";
import { getHealth, getStorage, Problem } from "../../src/api/server.ts";
import { endpoints } from "../../src/server/routes/index.ts";
import { openServer, type TestServer } from "./harness.ts";

let server: TestServer;
beforeAll(async () => {
  server = await openServer();
});
afterAll(() => server.stop());

const start = (id: string, more: object = {}) =>
  server.read(postRun.response, "POST", "/api/v1/runs", { id, project: "p", ...more });
const post = (id: string, body: unknown) => server.read(postPoints.response, "POST", `/api/v1/runs/${id}/points`, body);

describe("runs", () => {
  it("start with a project alone, and are found by any word of theirs", async () => {
    const { run } = await server.read(postRun.response, "POST", "/api/v1/runs", { project: "translate" });
    expect(run).toMatchObject({ project: "translate", status: "running", kind: "train", endedAt: null });
    await start("needle", { name: "Large batch", tags: ["sweep-7"] });
    const found = await server.read(getRuns.response, "GET", "/api/v1/runs?search=SWEEP%20large");
    expect(found.runs.map((r) => r.id)).toEqual(["needle"]);
    expect(found.total).toBe(1);
  });

  it("keep configuration that is merged, and end", async () => {
    await start("changes", { config: { "optimizer.lr": 0.1, seed: 1 } });
    await server.read(patchRun.response, "PATCH", "/api/v1/runs/changes", { config: { seed: 2, x: "NaN" } });
    const { run } = await server.read(patchRun.response, "PATCH", "/api/v1/runs/changes", {
      status: "crashed",
      exitStatus: 137,
    });
    expect(run).toMatchObject({
      status: "crashed",
      exitStatus: 137,
      config: { "optimizer.lr": 0.1, seed: 2, x: "NaN" },
    });
    expect(run.endedAt).toBeGreaterThan(0);
    expect((await server.read(getRun.response, "GET", "/api/v1/runs/changes")).run).toEqual(run);
  });

  it("continue when their id is posted again, and lose nothing", async () => {
    await start("resumed", { config: { a: 1 }, environment: { host: "one" } });
    await post("resumed", { series: [{ name: "loss", step: [1, 2], value: [3, 2] }] });
    await server.read(patchRun.response, "PATCH", "/api/v1/runs/resumed", { status: "failed", exitStatus: 1 });
    const { run } = await start("resumed", { config: { b: 2 }, environment: { pid: 4 } });
    expect(run).toMatchObject({
      status: "running",
      endedAt: null,
      exitStatus: null,
      config: { a: 1, b: 2 },
      environment: { host: "one", pid: 4 },
    });
    await post("resumed", { series: [{ name: "loss", step: [1, 3], value: [2.5, 1] }] });
    const { series } = await server.read(getSeries.response, "GET", "/api/v1/runs/resumed/series");
    expect(series).toMatchObject([{ id: "loss", count: 4, segments: 2, lastStep: 3 }]);
  });

  it("are deleted with all their data", async () => {
    await start("doomed");
    await post("doomed", { series: [{ name: "loss", step: [1], value: [1] }] });
    await server.read(deleteRun.response, "DELETE", "/api/v1/runs/doomed");
    expect((await server.ask("GET", "/api/v1/runs/doomed/series")).status).toBe(404);
    await start("doomed");
    expect((await server.read(getSeries.response, "GET", "/api/v1/runs/doomed/series")).series).toEqual([]);
  });

  it("changed at the same time keep both changes", async () => {
    await start("busy");
    await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        server.read(patchRun.response, "PATCH", "/api/v1/runs/busy", { config: { [`k${i}`]: i } }),
      ),
    );
    const { run } = await server.read(getRun.response, "GET", "/api/v1/runs/busy");
    expect(Object.keys(run.config)).toHaveLength(20);
  });

  it("that nobody started are refused with what to do", async () => {
    for (const [method, path, body] of [
      ["GET", "/api/v1/runs/nope", undefined],
      ["PATCH", "/api/v1/runs/nope", {}],
      ["DELETE", "/api/v1/runs/nope", undefined],
      ["GET", "/api/v1/runs/nope/report", undefined],
      ["GET", "/api/v1/runs/nope/events", undefined],
      ["POST", "/api/v1/runs/nope/points", { series: [] }],
      ["POST", "/api/v1/runs/nope/records", { records: [] }],
      ["GET", "/api/v1/runs/nope/series", undefined],
      ["GET", "/api/v1/runs/nope/points?series=a", undefined],
      ["GET", "/api/v1/runs/nope/buckets?series=a", undefined],
      ["GET", "/api/v1/runs/nope/records", undefined],
      ["GET", "/api/v1/runs/nope/record-groups", undefined],
    ] as const) {
      const answer = await server.ask(method, path, body);
      expect([path, answer.status]).toEqual([path, 404]);
      expect(answer.headers.get("content-type")).toBe("application/problem+json");
      expect(Problem.parse(answer.json)).toMatchObject({ code: "not-found" });
      expect(answer.text).toContain("POST /api/v1/runs");
    }
  });
});

describe("points", () => {
  it("come back exactly, also NaN and infinities; bad ones are named and the rest is kept", async () => {
    await start("points");
    const reply = await post("points", {
      series: [
        {
          name: "loss",
          step: [1, "2", 3, 4, 5.5],
          value: [0.1 + 0.2, "NaN", "-Infinity", null, 1],
          time: [10, 20, null, 40, 50],
        },
        { name: "loss", labels: { split: "eval" }, step: [1], value: ["Infinity"] },
        { name: "uneven", step: [1, 2], value: [1] },
      ],
    });
    expect(reply).toMatchObject({ accepted: 4, duplicate: false });
    expect(reply.rejected.map((r) => r.index)).toEqual([4, 6]);
    expect(reply.rejected[0]?.reason).toBe("step 5.5: expected an integer");
    expect(reply.rejected[1]?.reason).toContain("differ in length");
    const { series } = await server.read(
      getPoints.response,
      "GET",
      `/api/v1/runs/points/points?series=loss&series=${encodeURIComponent("loss{split=eval}")}`,
    );
    expect(series[0]).toEqual({
      id: "loss",
      segment: [0, 0, 0],
      step: [1, 2, 3],
      time: [10, 20, null],
      value: [0.1 + 0.2, "NaN", "-Infinity"],
      truncated: false,
    });
    expect(series[1]).toMatchObject({ id: "loss{split=eval}", value: ["Infinity"] });
  });

  it("may be written as Python writes them", async () => {
    await start("python");
    const reply = await post("python", '{"series":[{"name":"loss","step":[1,2,3],"value":[NaN,Infinity,-Infinity]}]}');
    expect(reply.accepted).toBe(3);
    const { series } = await server.read(getSeries.response, "GET", "/api/v1/runs/python/series");
    expect(series).toMatchObject([{ count: 3, nonFinite: 3, lastValue: "-Infinity", min: "NaN" }]);
  });

  it("delivered twice by the same writer are stored once", async () => {
    await start("writer");
    const body = { writer: { id: "w", sequence: 1 }, series: [{ name: "loss", step: [1], value: [1] }] };
    expect((await post("writer", body)).duplicate).toBe(false);
    expect((await post("writer", body)).duplicate).toBe(true);
    const { series } = await server.read(getSeries.response, "GET", "/api/v1/runs/writer/series");
    expect(series[0]?.count).toBe(1);
  });

  it("are downloaded as CSV", async () => {
    await start("csv");
    await post("csv", { series: [{ name: "=evil", step: [1, 2], time: [0, 0], value: [1, "NaN"] }] });
    const answer = await server.ask("GET", "/api/v1/runs/csv/points?series=%3Devil&format=csv");
    expect(answer.headers.get("content-disposition")).toBe('attachment; filename="csv.csv"');
    expect(answer.text).toContain("'=evil,0,2,1970-01-01T00:00:00.000Z,NaN\r\n");
  });

  it("are reduced to buckets that keep a single-step spike", async () => {
    await start("curve");
    const step = Array.from({ length: 50_000 }, (_, i) => i);
    await post("curve", { series: [{ name: "loss", step, value: step.map((i) => (i === 31_415 ? 999 : 1)) }] });
    const { series } = await server.read(
      getBuckets.response,
      "GET",
      "/api/v1/runs/curve/buckets?series=loss&width=200",
    );
    const [curve] = series;
    expect(curve?.points).toBe(50_000);
    expect(curve?.min.length).toBeLessThanOrEqual(400);
    const at = curve?.max.indexOf(999) ?? -1;
    expect(curve?.maxStep[at]).toBe(31_415);
  });

  it("refuse an envelope of the wrong shape with its path", async () => {
    await start("shape");
    const answer = await server.ask("POST", "/api/v1/runs/shape/points", {
      series: [{ name: 7, step: [1], value: "x" }],
    });
    expect(answer.status).toBe(400);
    expect(Problem.parse(answer.json).detail).toMatch(
      /series\[0\]\.name: .*string.*; series\[0\]\.value: expected an array/,
    );
    const query = await server.ask("GET", "/api/v1/runs/shape/buckets?series=a&width=many");
    expect(Problem.parse(query.json).detail).toMatch(/query width/);
  });
});

describe("records", () => {
  it("are stored one by one, filled with time and step, grouped and found again", async () => {
    await start("log");
    await post("log", { series: [{ name: "loss", step: [41], value: [1] }] });
    await server.read(getReport.response, "GET", "/api/v1/runs/log/report");
    const before = Date.now();
    const reply = await server.read(postRecords.response, "POST", "/api/v1/runs/log/records", {
      records: [
        { message: "worker 1 ready" },
        { message: "worker 2 ready", time: 5, step: 7, level: "warning" },
        { message: "no such level", level: "loud" },
        "not a record",
      ],
    });
    expect(reply.accepted).toBe(2);
    expect(reply.rejected.map((r) => [r.index, r.reason.split(":")[0]])).toEqual([
      [2, "level"],
      [3, "record"],
    ]);
    const all = await server.read(getRecords.response, "GET", "/api/v1/runs/log/records");
    expect(all.total).toBe(2);
    expect(all.records[0]).toMatchObject({ index: 0, message: "worker 1 ready", level: "info", step: 41 });
    expect(all.records[0]?.time).toBeGreaterThanOrEqual(before);
    expect(all.records[1]).toMatchObject({ time: 5, step: 7 });
    const some = await server.read(
      getRecords.response,
      "GET",
      "/api/v1/runs/log/records?level=warning&level=error&search=WORKER",
    );
    expect(some.records.map((r) => r.index)).toEqual([1]);
    const { groups } = await server.read(getRecordGroups.response, "GET", "/api/v1/runs/log/record-groups");
    expect(groups).toMatchObject([{ count: 2, level: "warning" }]);
  });
});

describe("the server", () => {
  it("says who it is and what it holds", async () => {
    expect(await server.read(getHealth.response, "GET", "/api/v1/health")).toMatchObject({
      name: "llmdbg",
      pid: process.pid,
    });
    const storage = await server.read(getStorage.response, "GET", "/api/v1/storage");
    expect(storage.directory).toBe(server.directory);
    expect(storage.runs).toBeGreaterThan(0);
    expect(storage.points).toBeGreaterThan(50_000);
  });

  it("implements every route of the contract, and no other", () => {
    expect(endpoints.map((e) => e.route.id).sort()).toEqual(routes.map((r) => r.id).sort());
  });

  it("describes every route in a valid OpenAPI document", async () => {
    const { json } = await server.ask("GET", "/api/openapi.json");
    const { openapi, paths } = json as { openapi: string; paths: Record<string, Record<string, OpenApiOperation>> };
    expect(openapi).toMatch(/^3\.1\./);
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const expected = [
      ...routes.map((r) => `${r.method} ${r.path}`),
      ...[eventsPath, runEventsPath].map((path) => `GET ${path}`),
    ].map((route) => route.replaceAll(/:(\w+)/g, "{$1}"));
    expect(described.sort()).toEqual(expected.sort());
    // Every schema in it compiles, and every body that has required parts says so.
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    for (const methods of Object.values(paths)) {
      for (const { requestBody, responses } of Object.values(methods)) {
        for (const { content } of [requestBody ?? {}, ...Object.values(responses)]) {
          for (const { schema } of Object.values(content ?? {})) ajv.compile(schema);
        }
      }
    }
    const points = paths["/api/v1/runs/{run}/points"]?.["post"]?.requestBody?.content?.["application/json"]?.schema;
    const accepts = ajv.compile(points ?? false);
    expect(accepts({ series: [{ name: "a", step: [1], value: ["NaN"] }] })).toBe(true);
    expect(accepts({ series: [{ step: [1] }] })).toBe(false);
  });

  it("answers 404 with a pointer to the description", async () => {
    const answer = await server.ask("GET", "/api/v1/nope");
    expect(answer.status).toBe(404);
    expect(Problem.parse(answer.json).detail).toContain("/api/openapi.json");
  });
});

interface OpenApiOperation {
  readonly requestBody?: { readonly content?: Record<string, { schema: object }> };
  readonly responses: Record<string, { readonly content?: Record<string, { schema: object }> }>;
}
