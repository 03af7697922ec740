import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, test } from "vitest";
import { z } from "zod";
import { Connection } from "./connection.ts";
import { Outbox } from "./outbox.ts";
import { Spool } from "./spool.ts";

const dir = mkdtempSync(join(tmpdir(), "llmdbg-outbox-"));
afterAll(() => rmSync(dir, { recursive: true }));

const Points = z.object({ writer: z.unknown(), series: z.array(z.object({ step: z.array(z.number()) })) });

/** A server that notes what it got, stores each (writer, sequence) once, and can be away. */
async function recipient(): Promise<{
  url: string;
  server: Server;
  away: (is: boolean) => void;
  steps: () => number[];
  bodies: string[];
}> {
  let isAway = false;
  const seen = new Set<string>();
  const stored: number[] = [];
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.on("end", () => {
      if (isAway) {
        response.writeHead(503).end();
        return;
      }
      const text = Buffer.concat(pieces).toString("utf8");
      bodies.push(`${request.method ?? ""} ${request.url ?? ""}`);
      const batch = Points.safeParse(JSON.parse(text));
      if (batch.success) {
        const key = JSON.stringify(batch.data.writer);
        if (!seen.has(key)) stored.push(...batch.data.series.flatMap(({ step }) => step));
        seen.add(key);
      }
      response
        .writeHead(200, { "content-type": "application/json" })
        .end('{"accepted":1,"rejected":[],"duplicate":false}');
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    server,
    bodies,
    away: (is) => {
      isAway = is;
    },
    steps: () => stored,
  };
}

const point = (step: number) => ({
  name: "loss",
  labels: {},
  step: Float64Array.of(step),
  time: Float64Array.of(Number.NaN),
  value: Float64Array.of(Number.NaN),
});

test("everything arrives in order and once, also across a time without server, and the spool is gone then", async () => {
  const to = await recipient();
  const outbox = new Outbox("r1", new Spool(dir, "r1"), async () => Promise.resolve(new Connection(to.url)));
  const events: boolean[] = [];
  outbox.onChange = (trouble) => events.push(trouble === undefined);
  outbox.startRun({ project: "p" });
  outbox.add([point(1)], []);
  await sleep(400);
  to.away(true);
  outbox.add([point(2)], []);
  await sleep(400);
  outbox.add([point(3)], []);
  await sleep(400);
  expect(readdirSync(join(dir, "spool"))).toEqual([`r1.${process.pid}.jsonl`]);
  to.away(false);
  outbox.add([point(4)], []);
  outbox.changeRun({ status: "finished" });
  expect(await outbox.close(5000)).toBe(0);
  expect(to.steps()).toEqual([1, 2, 3, 4]);
  expect(to.bodies[0]).toBe("POST /api/v1/runs");
  expect(to.bodies.at(-1)).toBe("PATCH /api/v1/runs/r1");
  expect(events).toEqual([false, true]);
  expect(readdirSync(join(dir, "spool"))).toEqual([]);
  to.server.close();
});

test("without any server the spool holds all requests, in the form that the server delivers", async () => {
  const outbox = new Outbox("r2", new Spool(dir, "r2"), async () => Promise.resolve(undefined));
  outbox.startRun({ project: "p" });
  outbox.add(
    [point(1)],
    [
      {
        time: null,
        level: "info",
        logger: null,
        message: "m",
        exception: null,
        step: null,
        rank: null,
        group: "",
        role: null,
      },
    ],
  );
  outbox.changeRun({ status: "finished" });
  const from = Date.now();
  expect(await outbox.close(300)).toBe(4);
  expect(Date.now() - from).toBeLessThan(2000);
  const lines = readFileSync(join(dir, "spool", `r2.${process.pid}.jsonl`), "utf8")
    .trimEnd()
    .split("\n");
  expect(lines.map((line) => line.slice(0, 60).replace(/,"body".*/, ""))).toEqual([
    '{"method":"POST","path":"/api/v1/runs"',
    '{"method":"POST","path":"/api/v1/runs/r2/points"',
    '{"method":"POST","path":"/api/v1/runs/r2/records"',
    '{"method":"PATCH","path":"/api/v1/runs/r2"',
  ]);
  expect(lines[1]).toContain('"value":["NaN"]');
});
