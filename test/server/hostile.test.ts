import { request } from "node:http";
import { connect } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { getRun, postRun } from "../../src/api/runs.ts";
import { getSeries } from "../../src/api/points.ts";
import { getHealth, Problem } from "../../src/api/server.ts";
import { openServer, type Answer, type TestServer } from "./harness.ts";

let server: TestServer;
beforeAll(async () => {
  server = await openServer();
  await server.read(postRun.response, "POST", "/api/v1/runs", { id: "r" });
});
afterAll(async () => {
  // Whatever was sent, the server is as it was.
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  await server.read(getHealth.response, "GET", "/api/v1/health");
  expect(server.lines).toEqual([]);
  await server.stop();
});

const problem = (answer: Answer): Problem => {
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  expect(answer.text).not.toMatch(/\bat .*\.ts:\d+|node_modules/);
  return Problem.parse(answer.json);
};

/** What a raw connection answers to these bytes. */
const bare = async (bytes: string, hangUpAfterMs?: number): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(server.port, "127.0.0.1", () => socket.write(bytes));
    let text = "";
    socket.on("data", (data) => (text += data.toString()));
    socket.on("close", () => resolve(text));
    socket.on("error", reject);
    if (hangUpAfterMs !== undefined) setTimeout(() => socket.destroy(), hangUpAfterMs);
  });

describe("what is hardly a request", () => {
  it("is answered as a problem too", async () => {
    expect(problem(await server.ask("GET", "/api/v1/runs/%")).status).toBe(400);
    for (const [bytes, status] of [
      ["nonsense\r\n\r\n", 400],
      [`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${"y".repeat(100_000)}\r\n\r\n`, 431],
    ] as const) {
      const text = await bare(bytes);
      expect(text).toContain(`HTTP/1.1 ${status} `);
      expect(Problem.parse(JSON.parse(text.split("\r\n\r\n")[1] ?? "")).status).toBe(status);
    }
  });

  it("ends without a trace when the sender hangs up half-way", async () => {
    const head = "POST /api/v1/runs/r/points HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    await bare(`${head}Content-Length: 1000\r\n\r\n{"ser`, 50);
    await bare(`${head}Transfer-Encoding: chunked\r\n\r\n5\r\n{"ser`, 50);
    await server.read(getHealth.response, "GET", "/api/v1/health");
  });
});

describe("bodies", () => {
  const one = JSON.stringify({ series: [{ name: "loss", step: [1], value: [1] }] });

  it("may be gzip", async () => {
    const answer = await server.ask("POST", "/api/v1/runs/r/points", gzipSync(one), { "content-encoding": "gzip" });
    expect(answer.json).toMatchObject({ accepted: 1 });
  });

  it("are refused when they only say that they are gzip", async () => {
    const answer = await server.ask("POST", "/api/v1/runs/r/points", one, { "content-encoding": "gzip" });
    expect([answer.status, problem(answer).detail]).toEqual([400, expect.stringContaining("gzip")]);
    const cut = gzipSync(one).subarray(0, 20);
    expect((await server.ask("POST", "/api/v1/runs/r/points", cut, { "content-encoding": "gzip" })).status).toBe(400);
  });

  it("are refused in an unknown encoding or type", async () => {
    expect((await server.ask("POST", "/api/v1/runs/r/points", one, { "content-encoding": "br" })).status).toBe(415);
    for (const type of ["text/plain", "multipart/form-data; boundary=x", "application/xml"]) {
      expect((await server.ask("POST", "/api/v1/runs/r/points", one, { "content-type": type })).status).toBe(415);
    }
  });

  it("are taken as curl -d sends them", async () => {
    const answer = await server.ask("POST", "/api/v1/runs", '{"project":"curl"}', {
      "content-type": "application/x-www-form-urlencoded",
    });
    expect(answer.json).toMatchObject({ run: { project: "curl" } });
  });

  it("that explode when they are unpacked are refused without the memory", async () => {
    const bomb = gzipSync(Buffer.alloc(120 * 1024 * 1024, 0x20));
    expect(bomb.length).toBeLessThan(1024 * 1024);
    const before = process.memoryUsage().rss;
    const answer = await server.ask("POST", "/api/v1/runs/r/points", bomb, { "content-encoding": "gzip" });
    expect([answer.status, problem(answer).code]).toEqual([413, "too-large"]);
    expect(process.memoryUsage().rss - before).toBeLessThan(150 * 1024 * 1024);
  });

  it("that are too large are refused, with and without a length", async () => {
    const large = Buffer.alloc(5 * 1024 * 1024, 0x20);
    const answer = await server.ask("POST", "/api/v1/runs", large);
    expect([answer.status, problem(answer).detail]).toEqual([413, expect.stringContaining("4 MiB")]);
    const chunked = await new Promise<number | undefined>((resolve, reject) => {
      const sending = request(
        `${server.url}/api/v1/runs`,
        { method: "POST", headers: { "content-type": "application/json", "transfer-encoding": "chunked" } },
        (response) => {
          resolve(response.statusCode);
          response.resume();
        },
      );
      sending.once("error", reject);
      sending.end(large);
    });
    expect(chunked).toBe(413);
  });

  it.each(["{", "[1,2", "nonsense", '{"series":[}'])("that are no JSON are refused: %s", async (text) => {
    const answer = await server.ask("POST", "/api/v1/runs/r/points", text);
    expect([answer.status, problem(answer).detail]).toEqual([400, expect.stringContaining("not valid JSON")]);
  });

  it.each(["[]", '"text"', "7", "null", "true"])("of another shape are refused: %s", async (text) => {
    expect((await server.ask("POST", "/api/v1/runs/r/points", text)).status).toBe(400);
  });
});

describe("keys", () => {
  it("that would reach a prototype are refused", async () => {
    for (const [method, path, body] of [
      ["POST", "/api/v1/runs", '{"id":"x","config":{"__proto__":{"polluted":1}}}'],
      ["PATCH", "/api/v1/runs/r", '{"config":{"\\u005f_proto__":"polluted"}}'],
      ["POST", "/api/v1/runs/r/points", '{"series":[{"name":"a","labels":{"__proto__":"x"},"step":[1],"value":[1]}]}'],
      ["POST", "/api/v1/runs/r/records", '{"records":[{"message":"m","__proto__":{"polluted":true}}]}'],
    ] as const) {
      const answer = await server.ask(method, path, body);
      expect([answer.status, problem(answer).detail]).toEqual([400, expect.stringContaining("__proto__")]);
    }
  });

  it("with the names of inherited properties are data", async () => {
    const config = { constructor: 1, toString: "x", "constructor.prototype.polluted": true, hasOwnProperty: null };
    await server.read(postRun.response, "POST", "/api/v1/runs", { id: "inherited", config });
    const { run } = await server.read(getRun.response, "GET", "/api/v1/runs/inherited");
    expect(new Map(Object.entries(run.config))).toEqual(new Map(Object.entries(config)));
    for (const name of [
      "__proto__",
      "constructor",
      "prototype",
      "<img src=x onerror=alert(1)>",
      "../../etc/passwd",
      "a\u0000b",
    ]) {
      const answer = await server.ask("POST", "/api/v1/runs/inherited/points", {
        series: [{ name, labels: { constructor: name }, step: [1], value: [1] }],
      });
      expect([name, answer.status]).toEqual([name, 200]);
    }
    const { series } = await server.read(getSeries.response, "GET", "/api/v1/runs/inherited/series");
    expect(series).toHaveLength(6);
    expect(series[0]?.labels["constructor"]).toBe("__proto__");
  });

  it("cannot be run ids when they look like paths", async () => {
    for (const id of ["../x", ".", "..", "a/b", "C:\\x", "", "a".repeat(129), "__proto__"]) {
      expect([id, (await server.ask("POST", "/api/v1/runs", { id })).status]).toEqual([id, 400]);
    }
    for (const path of ["/api/v1/runs/..%2f..%2fetc", "/api/v1/runs/%2e%2e", "/api/v1/runs/a%00b"]) {
      expect([400, 404]).toContain((await server.ask("GET", path)).status);
    }
  });
});

/** fetch does not let a test choose its Host. */
const raw = (method: string, path: string, headers: Record<string, string>): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const sending = request(`${server.url}${path}`, { method, headers }, (response) => {
      resolve(response.statusCode);
      response.resume();
    });
    sending.once("error", reject);
    sending.end();
  });

describe("senders", () => {
  it("under another name are refused everywhere (DNS rebinding)", async () => {
    for (const path of [
      "/",
      "/api/v1/health",
      "/api/v1/runs",
      "/api/openapi.json",
      "/assets/x.js",
      "/api/v1/events",
      "/nope",
    ]) {
      expect([path, await raw("GET", path, { host: "evil.example" })]).toEqual([path, 403]);
    }
    expect(await raw("GET", "/api/v1/health", { host: `localhost:${server.port}` })).toBe(200);
  });

  it("from other pages are refused, our own are served", async () => {
    expect(await raw("DELETE", "/api/v1/runs/r", { origin: "http://evil.example" })).toBe(403);
    expect(await raw("GET", "/api/v1/runs", { origin: "null" })).toBe(403);
    expect(await raw("POST", "/api/v1/runs", { "sec-fetch-site": "cross-site" })).toBe(403);
    expect(await raw("OPTIONS", "/api/v1/runs", { origin: "http://evil.example" })).toBe(403);
    expect(await raw("GET", "/api/v1/runs", { origin: server.url })).toBe(200);
  });

  it("get headers that keep a page from being framed, sniffed or shared", async () => {
    for (const path of ["/", "/api/v1/health", "/api/v1/runs/nope"]) {
      const { headers } = await server.ask("GET", path);
      expect(headers.get("content-security-policy")).toMatch(/default-src 'self'.*frame-ancestors 'none'/);
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("x-frame-options")).toBe("DENY");
      expect(headers.get("access-control-allow-origin")).toBeNull();
    }
  });
});

describe("a server on another address", () => {
  it("makes up a token and asks for it everywhere", async () => {
    const open = await openServer({ host: "0.0.0.0" });
    try {
      expect(open.token).toMatch(/^[\w-]{32,}$/);
      for (const path of [
        "/api/v1/health",
        "/api/v1/runs",
        "/api/openapi.json",
        "/api/v1/events",
        "/assets/x.js",
        "/",
      ]) {
        expect([path, (await open.ask("GET", path)).status]).toEqual([path, 401]);
        expect([path, (await open.ask("GET", `${path}?token=wrong`)).status]).toEqual([path, 401]);
      }
      const bearer = { authorization: `Bearer ${open.token ?? ""}` };
      expect((await open.ask("GET", "/api/v1/health", undefined, bearer)).status).toBe(200);
      expect((await open.ask("POST", "/api/v1/runs", { id: "t" }, bearer)).status).toBe(200);
      expect((await open.ask("POST", `/api/v1/runs?token=${open.token ?? ""}`, { id: "t2" })).status).toBe(401);

      const visit = await open.ask("GET", `/runs/t?tab=log&token=${open.token ?? ""}`);
      expect(visit.status).toBe(200);
      expect(visit.text).toContain('content="0;url=/runs/t?tab=log"');
      const cookie = visit.headers.get("set-cookie") ?? "";
      expect(cookie).toMatch(/; HttpOnly; SameSite=Strict/);
      const [pair = ""] = cookie.split(";");
      expect((await open.ask("GET", "/api/v1/runs", undefined, { cookie: pair })).status).toBe(200);
      // The page that moves on stays on this server, whatever the path looks like.
      const away = await open.ask("GET", `//evil.example/?token=${open.token ?? ""}`);
      expect(away.text).not.toContain("url=//");
    } finally {
      await open.stop();
    }
  });
});
