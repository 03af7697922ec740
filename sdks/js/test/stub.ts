/** A recording stand-in for the server where it has to be away, slow or broken. */
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";

export interface Request {
  readonly method: string;
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
}

interface Series {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly step: readonly number[];
  readonly value: readonly unknown[];
}

export class Stub {
  readonly requests: Request[] = [];
  status: (path: string) => number = () => 200;
  isHanging = false;
  url = "";
  #server: Server | undefined;

  async start(directory: string): Promise<this> {
    const server = createServer((request, response) => {
      const pieces: Buffer[] = [];
      request.on("data", (piece: Buffer) => pieces.push(piece));
      request.on("end", () => {
        const path = request.url ?? "";
        if (path === "/api/v1/health") {
          response.end(JSON.stringify({ name: "llmdbg" }));
          return;
        }
        if (this.isHanging) return;
        const status = this.status(path);
        const body = JSON.parse(Buffer.concat(pieces).toString()) as Request["body"];
        if (status < 300) this.requests.push({ method: request.method ?? "", path, body });
        response.writeHead(status, { "content-type": "application/json" }).end("{}");
      });
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    this.url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, "server.json"), JSON.stringify({ url: this.url, pid: process.pid, version: "0" }));
    return this;
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve));
  }

  bodies(suffix: string): readonly Request["body"][] {
    return this.requests.filter(({ path }) => path.endsWith(suffix)).map(({ body }) => body);
  }

  /** Series id to [step, value], each batch once as the real server does. */
  points(): Record<string, [number, unknown][]> {
    return pointsOf(this.requests);
  }

  records(): readonly Readonly<Record<string, unknown>>[] {
    return this.bodies("/records").flatMap(({ records }) => records as Readonly<Record<string, unknown>>[]);
  }

  runStatus(): unknown {
    return this.requests.findLast(({ method, body }) => method === "PATCH" && "status" in body)?.body["status"];
  }
}

export function pointsOf(requests: readonly Request[]): Record<string, [number, unknown][]> {
  const found = new Map<string, [number, unknown][]>();
  const seen = new Set<string>();
  for (const { path, body } of requests) {
    const writer = JSON.stringify(body["writer"]);
    if (!path.endsWith("/points") || seen.has(writer)) continue;
    seen.add(writer);
    for (const { name, step, value } of body["series"] as Series[])
      found.set(name, [...(found.get(name) ?? []), ...step.map((s, i): [number, unknown] => [s, value[i]])]);
  }
  return Object.fromEntries(found);
}
