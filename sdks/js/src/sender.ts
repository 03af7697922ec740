import { randomUUID } from "node:crypto";
import { sayOnce } from "./say.ts";
import { Unreachable, type Server } from "./server.ts";
import type { Letter, Spool } from "./spool.ts";
import { wire, type Wire } from "./values.ts";

const intervalMs = 100;
/** Values and records in memory. */
export const maxQueued = 200_000;
const maxRecordsPerBatch = 5_000;
const firstRetryMs = 500;
const lastRetryMs = 5_000;

interface Column {
  readonly step: number[];
  readonly time: number[];
  readonly value: Wire[];
}

export interface Parts {
  readonly run: string;
  readonly server: Server;
  readonly spool: Spool;
  /** Makes the body that starts the run. */
  readonly opening: () => unknown;
  /** False when another process has started the run. */
  readonly opens: boolean;
  readonly labels: Readonly<Record<string, string>> | undefined;
}

/**
 * Moves what was logged from memory to the server, or to disk while the server is away.
 *
 * Logging appends to columns in memory and returns. Every 100 ms they become requests, which are sent one
 * after the other. What the server has not acknowledged goes to the spool in order, and the spool is
 * delivered before anything newer once the server is back. Each batch has a number, so that one delivered
 * twice counts once.
 */
export class Sender {
  readonly #parts: Parts;
  readonly #writer = randomUUID();
  #sequence = 0;
  #columns = new Map<string, Column>();
  #records: unknown[] = [];
  #changes: Record<string, unknown> | undefined;
  #queued = 0;
  /** Made into requests, and neither acknowledged nor on disk. */
  #waiting: Letter[] = [];
  #round: Promise<void> | undefined;
  #retryAt = 0;
  #retryAfterMs = firstRetryMs;
  readonly #timer: NodeJS.Timeout;
  dropped = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
    if (parts.opens) this.#waiting.push({ method: "POST", path: "/api/v1/runs", body: parts.opening() });
    this.#timer = setInterval(() => void this.#deliver(), intervalMs);
    // The program ends when its own work is done; `beforeExit` then delivers the rest.
    this.#timer.unref();
  }

  putPoints(step: number, time: number, values: ReadonlyMap<string, number>): void {
    if (!this.#hasRoom(values.size)) return;
    for (const [name, value] of values) {
      let column = this.#columns.get(name);
      if (column === undefined) this.#columns.set(name, (column = { step: [], time: [], value: [] }));
      column.step.push(step);
      column.time.push(time);
      column.value.push(wire(value));
    }
  }

  putRecord(record: unknown): void {
    if (this.#hasRoom(1)) this.#records.push(record);
  }

  /** Adds what the end of a run says about dropped values; there is always room for it. */
  putDropNotice(): void {
    if (this.dropped === 0) return;
    const message = `llmdbg dropped ${this.dropped} values of this run because its queue was full`;
    this.#records.push({ time: Date.now(), level: "warning", logger: "llmdbg", message });
  }

  putChange(change: Readonly<Record<string, unknown>>): void {
    const config = merged(this.#changes?.["config"], change["config"]);
    this.#changes = { ...this.#changes, ...change, ...(config === undefined ? {} : { config }) };
  }

  #hasRoom(size: number): boolean {
    if (this.#queued + size > maxQueued) {
      this.dropped += size;
      sayOnce("dropped", "values come faster than they can be kept; some are dropped");
      return false;
    }
    this.#queued += size;
    return true;
  }

  /** Resolves when what is queued now is acknowledged or on disk, at the latest after `timeoutMs`. */
  async flush(timeoutMs: number): Promise<void> {
    this.#retryAt = 0;
    const late = new Promise<void>((resolve) => setTimeout(resolve, timeoutMs).unref());
    // A round under way has taken its part already; the second one takes the rest.
    const all = (async () => {
      await this.#round;
      await this.#deliver();
    })();
    // Keeps the program alive while it waits: the timers are unreferenced.
    const alive = setInterval(() => {}, 1_000);
    await Promise.race([all, late]);
    clearInterval(alive);
  }

  /** Ends the sending. What is left goes to disk, synchronously: there may be no time for more. */
  close(): void {
    clearInterval(this.#timer);
    this.#take();
    for (const letter of this.#waiting) this.#keep(letter);
    this.#waiting = [];
  }

  #deliver(): Promise<void> {
    this.#round ??= this.#sendAll()
      .catch((thrown: unknown) => sayOnce("sender", `sending failed, some data is lost: ${String(thrown)}`))
      .finally(() => {
        this.#round = undefined;
      });
    return this.#round;
  }

  async #sendAll(): Promise<void> {
    const { spool } = this.#parts;
    for (let letter = this.#mayTry() ? spool.next() : undefined; letter !== undefined; letter = spool.next()) {
      if (!(await this.#send(letter))) break;
      spool.delivered();
    }
    this.#take();
    for (let letter = this.#waiting[0]; letter !== undefined; letter = this.#waiting[0]) {
      const isDone = spool.isEmpty && this.#mayTry() && (await this.#send(letter));
      // `close` may have emptied the list meanwhile.
      if (this.#waiting[0] !== letter) return;
      this.#waiting.shift();
      if (!isDone) this.#keep(letter);
    }
  }

  readonly #mayTry = (): boolean => performance.now() >= this.#retryAt;

  #keep(letter: Letter): void {
    if (this.#parts.spool.add(letter)) return;
    this.dropped += 1;
    sayOnce("spool", `no server and no room in ${this.#parts.spool.path}; data is dropped`);
  }

  /** True when the request is done with: acknowledged, or refused for good and set aside. */
  async #send(letter: Letter): Promise<boolean> {
    const { server, spool, opening } = this.#parts;
    const { method, path, body } = letter;
    let reply;
    try {
      reply = await server.send(method, path, body);
      if (reply.status === 404 && path !== "/api/v1/runs") {
        // The process that should have started the run has not done so yet, or this is another server.
        await server.send("POST", "/api/v1/runs", opening());
        reply = await server.send(method, path, body);
      }
    } catch (thrown) {
      if (!(thrown instanceof Unreachable)) throw thrown;
      this.#retryAt = performance.now() + this.#retryAfterMs;
      this.#retryAfterMs = Math.min(this.#retryAfterMs * 2, lastRetryMs);
      sayOnce(
        "away",
        `${thrown.message}; the data waits in ${spool.path} and is delivered once a server runs (llmdbg serve)`,
      );
      return false;
    }
    this.#retryAt = 0;
    this.#retryAfterMs = firstRetryMs;
    if (reply.status >= 400) {
      const reason = `${reply.status} ${JSON.stringify(reply.body ?? "")}`;
      spool.reject(letter, reason);
      sayOnce("refused", `the server refused data (${reason}); it is kept in ${spool.path}.rejected`);
    }
    return true;
  }

  /** Makes requests of what is queued. */
  #take(): void {
    const { run, labels } = this.#parts;
    const path = `/api/v1/runs/${run}`;
    if (this.#columns.size > 0) {
      const series = Array.from(this.#columns, ([name, column]) => ({ name, ...(labels && { labels }), ...column }));
      this.#waiting.push({ method: "POST", path: `${path}/points`, body: { writer: this.#nextWriter(), series } });
      this.#columns = new Map();
    }
    for (let at = 0; at < this.#records.length; at += maxRecordsPerBatch) {
      const records = this.#records.slice(at, at + maxRecordsPerBatch);
      this.#waiting.push({ method: "POST", path: `${path}/records`, body: { writer: this.#nextWriter(), records } });
    }
    this.#records = [];
    // Last, so that a run is not over before its points are there.
    if (this.#changes !== undefined) this.#waiting.push({ method: "PATCH", path, body: this.#changes });
    this.#changes = undefined;
    this.#queued = 0;
  }

  #nextWriter(): { id: string; sequence: number } {
    this.#sequence += 1;
    return { id: this.#writer, sequence: this.#sequence };
  }
}

function merged(before: unknown, after: unknown): Record<string, unknown> | undefined {
  if (typeof after !== "object" || after === null) return undefined;
  return Object.assign(Object.create(null) as Record<string, unknown>, before, after);
}
