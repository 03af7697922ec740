import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { z } from "zod";
import { LiveEvent } from "../../src/api/events.ts";
import { startServer, type RunningServer, type ServerOptions } from "../../src/server/server.ts";
import { openEmbeddedStore } from "../../src/store/embedded/embedded-store.ts";
import type { Store } from "../../src/store/store.ts";

/** A real server on a free port over a real store in a temporary directory. */
export interface TestServer extends RunningServer {
  readonly directory: string;
  readonly store: Store;
  readonly lines: readonly string[];
  /** Sends JSON (or a text as it is) and reads the answer. */
  ask(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** As `ask`, for an answer that must be 200 and of this shape. */
  read<S extends z.ZodType>(schema: S, method: string, path: string, body?: unknown): Promise<z.output<S>>;
  /** Closes the server and its store; `keep` leaves the directory for the next one. */
  stop(keep?: boolean): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: unknown;
}

export async function openServer(options: Partial<ServerOptions> = {}): Promise<TestServer> {
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), "llmdbg-server-")));
  const store = await openEmbeddedStore(directory);
  const lines: string[] = [];
  const server = await startServer({
    store,
    host: "127.0.0.1",
    port: 0,
    version: "0.0.0-test",
    log: (line) => lines.push(line),
    ...options,
    directory,
  });
  const ask: TestServer["ask"] = async (method, path, body, headers = {}) => {
    const response = await fetch(server.url + path, {
      method,
      headers: { ...(body !== undefined && { "content-type": "application/json" }), ...headers },
      ...(body !== undefined && {
        body:
          typeof body === "string" ? body : body instanceof Uint8Array ? Uint8Array.from(body) : JSON.stringify(body),
      }),
    });
    const text = await response.text();
    const isJson = /json/.test(response.headers.get("content-type") ?? "");
    return { status: response.status, headers: response.headers, text, json: isJson ? JSON.parse(text) : undefined };
  };
  return {
    ...server,
    directory,
    store,
    lines,
    ask,
    read: async (schema, method, path, body) => {
      const { status, text, json } = await ask(method, path, body);
      if (status !== 200) throw new Error(`${method} ${path} answered ${status}: ${text}`);
      return schema.parse(json);
    },
    stop: async (keep = false) => {
      await server.close();
      await store.close();
      if (!keep) await rm(directory, { recursive: true, force: true });
    },
  };
}

/** One open event stream; `next` waits for an event that fits, also among those that came already. */
export interface EventStream {
  readonly events: LiveEvent[];
  readonly done: Promise<void>;
  next<K extends LiveEvent["kind"]>(
    kind: K,
    fits?: (event: Extract<LiveEvent, { kind: K }>) => boolean,
  ): Promise<Extract<LiveEvent, { kind: K }>>;
  close(): void;
}

export async function listen(url: string): Promise<EventStream> {
  const abort = new AbortController();
  const response = await fetch(url, { signal: abort.signal });
  if (response.status !== 200 || response.body === null) throw new Error(`${url} answered ${response.status}`);
  const events: LiveEvent[] = [];
  let wake = (): void => {};
  const pump = async (body: AsyncIterable<Uint8Array>): Promise<void> => {
    let text = "";
    const decoder = new TextDecoder();
    for await (const chunk of body) {
      text += decoder.decode(chunk, { stream: true });
      const frames = text.split("\n\n");
      text = frames.pop() ?? "";
      for (const frame of frames) {
        const data = /^data: (.*)$/m.exec(frame)?.[1];
        if (data !== undefined) events.push(LiveEvent.parse(JSON.parse(data)));
      }
      wake();
    }
  };
  const done = pump(response.body).catch(() => {
    // Closed by the test, or by the server in the middle of a frame.
  });
  return {
    events,
    done,
    close: () => abort.abort(),
    next: async (kind, fits = () => true) => {
      type Wanted = Extract<LiveEvent, { kind: typeof kind }>;
      const isWanted = (event: LiveEvent): event is Wanted => event.kind === kind && fits(event as Wanted);
      for (const end = Date.now() + 10_000; Date.now() < end;) {
        const found = events.find(isWanted);
        if (found !== undefined) return found;
        await new Promise<void>((resolve) => {
          wake = resolve;
          setTimeout(resolve, 50);
        });
      }
      throw new Error(`no ${kind} event came; there were: ${events.map((e) => e.kind).join(", ")}`);
    },
  };
}
