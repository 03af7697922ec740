import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { config, finish, init, log, logRecord } from "../src/index.ts";
import { command } from "../src/environment.ts";
import { maxQueued } from "../src/sender.ts";
import { pointsOf, Stub, type Request } from "./stub.ts";

let directory = "";
let stub: Stub;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "llmdbg-sdk-"));
  for (const name of ["LLMDBG_URL", "LLMDBG_TOKEN", "LLMDBG_RUN_ID", "LLMDBG_PROJECT", "RANK"]) vi.stubEnv(name, "");
  vi.stubEnv("LLMDBG_DIR", directory);
  stub = await new Stub().start(directory);
});
afterEach(async () => {
  await finish("finished", 2_000);
  await stub.stop();
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true, force: true });
});

const spooled = (): Request[] =>
  readdirSync(join(directory, "spool"))
    .filter((file) => file.endsWith(".jsonl"))
    .flatMap((file) =>
      readFileSync(join(directory, "spool", file), "utf8")
        .trimEnd()
        .split("\n"),
    )
    .map((line) => JSON.parse(line) as Request);

describe("with a server", () => {
  test("a run has its points, configuration, records and end", async () => {
    const run = init({ project: "p", name: "n", config: { lr: 1e-3, model: { layers: 2 } }, tags: ["a"] });
    for (let step = 0; step < 3; step += 1) log({ loss: 1 - step / 10, eval: { loss: 2 } }, step * 10);
    log({ loss: 0.5 });
    config({ seed: 7, betas: [0.9, 0.99], odd: Number.NaN });
    logRecord({ level: "warning", message: "careful" });
    logRecord({ message: "bad batch", error: new Error("shape") });
    await finish();
    const [opening] = stub.bodies("/api/v1/runs");
    expect(opening).toMatchObject({ id: run.id, project: "p", name: "n", source: "sdk-js", tags: ["a"] });
    expect(opening?.["config"]).toEqual({ lr: 1e-3, "model.layers": 2 });
    expect(stub.points()).toEqual({
      loss: [
        [0, 1],
        [10, 0.9],
        [20, 0.8],
        [21, 0.5],
      ],
      "eval/loss": [
        [0, 2],
        [10, 2],
        [20, 2],
      ],
    });
    expect(stub.bodies(run.id).map((body) => body["config"])).toContainEqual({
      seed: 7,
      betas: "[0.9,0.99]",
      odd: "NaN",
    });
    expect(stub.records()).toMatchObject([
      { level: "warning", message: "careful", step: 21, exception: null },
      { level: "error", message: "bad batch", exception: expect.stringContaining("Error: shape\n    at ") },
    ]);
    expect(stub.runStatus()).toBe("finished");
  });

  test("values that are not finite are kept", async () => {
    init();
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 3n, true]) log({ value });
    await finish();
    expect(stub.points()["value"]?.map(([, value]) => value)).toEqual(["NaN", "Infinity", "-Infinity", 3, 1]);
  });

  test("hostile values never throw and never cost the good ones beside them", async () => {
    init({ config: { cycle: undefined, f: () => 1, ["x".repeat(600)]: 1 } });
    const cycle: Record<string, unknown> = { deep: 1 };
    cycle["again"] = cycle;
    const throwing = {
      get loss(): number {
        throw new Error("no");
      },
    };
    log(cycle);
    log(throwing);
    log({ text: "1.5", missing: null, list: [1], symbol: Symbol("s"), ok: 1 });
    log(JSON.parse(`{"__proto__": 4, "constructor": 5}`) as object);
    log({ step: 1 }, Number.NaN);
    logRecord({ message: "\ud800".repeat(70_000) });
    await finish();
    const points = stub.points();
    expect(points["deep"]).toEqual([[0, 1]]);
    expect(points["ok"]?.[0]?.[1]).toBe(1);
    expect(points["constructor"]?.[0]?.[1]).toBe(5);
    expect(Object.keys(points)).not.toContain("text");
    expect(stub.runStatus()).toBe("finished");
  });

  test("without init nothing happens", async () => {
    log({ loss: 1 });
    config({ a: 1 });
    logRecord({ message: "quiet" });
    await finish();
    expect(stub.requests).toEqual([]);
  });

  test("a joined run is neither started nor ended here, and other ranks get a label", async () => {
    vi.stubEnv("LLMDBG_RUN_ID", "outer-run");
    vi.stubEnv("LLMDBG_URL", stub.url);
    vi.stubEnv("RANK", "3");
    init();
    log({ loss: 1 });
    await finish();
    expect(stub.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "POST /api/v1/runs/outer-run/points",
    ]);
    expect(stub.bodies("/points")[0]).toMatchObject({ series: [{ labels: { rank: "3" } }] });
  });

  test("a full queue drops, counts and says so", async () => {
    const run = init();
    await run.flush();
    for (let i = 0; i < maxQueued + 150; i += 1) log({ loss: i });
    await finish();
    expect(stub.points()["loss"]).toHaveLength(maxQueued);
    expect(stub.records()).toMatchObject([{ message: expect.stringContaining("dropped 150 values") }]);
  });

  test("refused data is kept aside", async () => {
    stub.status = (path) => (path.endsWith("/points") ? 400 : 200);
    init();
    log({ loss: 1 });
    await finish();
    const [file = ""] = readdirSync(join(directory, "spool")).filter((name) => name.endsWith(".rejected"));
    expect(readFileSync(join(directory, "spool", file), "utf8")).toContain(`"reason":"400 {}"`);
    expect(stub.runStatus()).toBe("finished");
  });
});

describe("while the server is away", () => {
  test("everything waits on disk and arrives in order when it is back", async () => {
    await stub.stop();
    const run = init();
    for (let step = 0; step < 50; step += 1) log({ loss: step });
    await run.flush();
    expect(spooled().length).toBeGreaterThanOrEqual(2);
    stub = await new Stub().start(directory);
    log({ loss: 50 });
    await finish();
    expect(stub.points()["loss"]).toEqual(Array.from({ length: 51 }, (_, step) => [step, step]));
    expect(stub.runStatus()).toBe("finished");
    expect(readdirSync(join(directory, "spool"))).toEqual([]);
  });

  test("a busy server is tried again", async () => {
    let refusals = 3;
    stub.status = () => (refusals-- > 0 ? 503 : 200);
    const run = init();
    log({ loss: 1 });
    await vi.waitFor(() => expect(stub.points()["loss"]).toEqual([[0, 1]]), { timeout: 10_000 });
    await run.flush();
  });

  test("finishing does not wait for a server that hangs", async () => {
    const run = init();
    await run.flush();
    stub.isHanging = true;
    const start = performance.now();
    log({ loss: 1 });
    await finish("finished", 300);
    expect(performance.now() - start).toBeLessThan(1_000);
    expect(pointsOf(spooled())).toEqual({ loss: [[0, 1]] });
  });

  test.each(["nonsense", "ftp://host", "http://localhost:99999", "http://127.0.0.1:9"])(
    "%s as address",
    async (url) => {
      init({ url });
      log({ loss: 1 });
      await finish();
      expect(spooled().map(({ method }) => method)).toEqual(["POST", "POST", "PATCH"]);
    },
  );
});

describe("however the program ends", () => {
  const sdk = pathToFileURL(resolve(import.meta.dirname, "../src/index.ts")).href;
  const start = (code: string): ChildProcess =>
    spawn(
      process.execPath,
      ["--import", "tsx", "--input-type=module", "-e", `import { init, log } from ${JSON.stringify(sdk)};\n${code}`],
      { stdio: ["ignore", "pipe", "pipe"], env: process.env },
    );
  const ended = (child: ChildProcess): Promise<{ code: number | null; signal: string | null; err: string }> => {
    let err = "";
    child.stderr?.on("data", (text: Buffer) => (err += text.toString()));
    return new Promise((done) => child.on("close", (code, signal) => done({ code, signal, err })));
  };

  test("at its last line: delivered", async () => {
    expect(await ended(start("init(); log({ loss: 1 });"))).toMatchObject({ code: 0, err: "" });
    expect(stub.points()).toEqual({ loss: [[0, 1]] });
    expect(stub.runStatus()).toBe("finished");
  });

  test("by process.exit: on disk, with its own status", async () => {
    expect(await ended(start("init(); log({ loss: 1 }); process.exit(3);"))).toMatchObject({ code: 3 });
    expect(pointsOf(spooled())).toEqual({ loss: [[0, 1]] });
    expect(spooled().at(-1)?.body).toMatchObject({ status: "finished" });
  });

  test("by an exception: recorded, and printed as ever", async () => {
    const { code, err } = await ended(start("init(); log({ loss: 1 }, 4); throw new RangeError('bad');"));
    expect(code).toBe(1);
    expect(err).toContain("RangeError: bad");
    expect(spooled().at(-1)?.body).toMatchObject({ status: "crashed" });
    expect(spooled().find(({ path }) => path.endsWith("/records"))?.body["records"]).toMatchObject([
      { level: "critical", message: "RangeError: bad", step: 4 },
    ]);
  });

  test("by SIGTERM: on disk, and still by the signal", async () => {
    const child = start("init(); console.log('up'); setInterval(() => log({ loss: 1 }), 1);");
    const end = ended(child);
    await new Promise((resolve) => child.stdout?.once("data", resolve));
    child.kill("SIGTERM");
    expect(await end).toMatchObject({ code: null, signal: "SIGTERM" });
    expect(spooled().at(-1)?.body).toMatchObject({ status: "crashed" });
  });

  test("with its own listener for SIGTERM: as the program wants", async () => {
    const child = start(
      "process.on('SIGTERM', () => process.exit(7)); init(); log({ loss: 1 }); console.log('up'); setInterval(() => {}, 99);",
    );
    const end = ended(child);
    await new Promise((resolve) => child.stdout?.once("data", resolve));
    child.kill("SIGTERM");
    expect(await end).toMatchObject({ code: 7 });
  });
});

test("secrets on the command line are hidden", () => {
  expect(command(["node", "t.js", "--hub-token", "hf_1", "--api_key=k", "--password", "--lr", "1"])).toEqual([
    "node",
    "t.js",
    "--hub-token",
    "***",
    "--api_key=***",
    "--password",
    "--lr",
    "1",
  ]);
});
