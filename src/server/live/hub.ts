import type { ServerResponse } from "node:http";
import type { LiveEvent } from "../../api/events.ts";
import { toJson } from "../../model/number.ts";

/** Most often that one run's changes are sent, in milliseconds. */
const flushEveryMs = 100;
const heartbeatMs = 15_000;
/** A client that leaves this much unread is cut off; it reconnects and gets the current state. */
const maxUnsentBytes = 8 * 1024 * 1024;

/** Order of a run's changes in one flush. */
type Slot = "run" | "series" | "records" | "report";
const slots: readonly Slot[] = ["run", "series", "records", "report"];

/** What became of one part; made only when it is sent. undefined: nothing to say after all. */
type Make = () => LiveEvent | undefined;

/**
 * Sends changes to the browsers that look.
 *
 * Why it exists: training may report a thousand times a second, a screen needs ten. Parts of a run
 * (`Slot`) are marked as changed, and at most every `flushEveryMs` the newest state of the marked ones is
 * made once and written to all listeners. Nothing is made while nobody listens.
 */
export class Hub {
  readonly #ofRun = new Map<string, Set<ServerResponse>>();
  readonly #ofAll = new Set<ServerResponse>();
  readonly #pending = new Map<string, Map<Slot, Make>>();
  readonly #flushedAt = new Map<string, number>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #heartbeat: NodeJS.Timeout;

  constructor() {
    this.#heartbeat = setInterval(() => {
      for (const client of this.#clients()) this.#write(client, ": still here\n\n");
    }, heartbeatMs);
    this.#heartbeat.unref();
  }

  get clientCount(): number {
    return [...this.#clients()].length;
  }

  /** Whether a run page is open on this run. */
  isWatched(run: string): boolean {
    return this.#ofRun.has(run);
  }

  /** Starts sending; `first` is the current state. `run` null: the list of runs. */
  subscribe(client: ServerResponse, run: string | null, first: readonly LiveEvent[]): void {
    if (client.destroyed || client.writableEnded) return;
    const group = run === null ? this.#ofAll : (this.#ofRun.get(run) ?? new Set());
    group.add(client);
    if (run !== null) this.#ofRun.set(run, group);
    client.once("close", () => {
      group.delete(client);
      if (run !== null && group.size === 0 && this.#ofRun.get(run) === group) this.#ofRun.delete(run);
    });
    this.#write(client, `retry: 1000\n\n${first.map(frame).join("")}`);
  }

  changed(run: string, slot: Slot, make: Make): void {
    if (!this.#ofRun.has(run) && (slot !== "run" || this.#ofAll.size === 0)) return;
    const pending = this.#pending.get(run) ?? new Map<Slot, Make>();
    pending.set(slot, make);
    this.#pending.set(run, pending);
    if (this.#timers.has(run)) return;
    const wait = Math.max(0, (this.#flushedAt.get(run) ?? 0) + flushEveryMs - Date.now());
    this.#timers.set(
      run,
      setTimeout(() => this.#flush(run), wait),
    );
  }

  deleted(run: string): void {
    this.#forget(run);
    const text = frame({ kind: "run-deleted", run });
    for (const client of [...(this.#ofRun.get(run) ?? []), ...this.#ofAll]) this.#write(client, text);
  }

  close(): void {
    clearInterval(this.#heartbeat);
    for (const run of this.#timers.keys()) this.#forget(run);
    for (const client of this.#clients()) client.end();
  }

  *#clients(): Iterable<ServerResponse> {
    yield* this.#ofAll;
    for (const group of this.#ofRun.values()) yield* group;
  }

  #flush(run: string): void {
    const pending = this.#pending.get(run);
    this.#forget(run);
    this.#flushedAt.set(run, Date.now());
    if (this.#flushedAt.size > 1_000) this.#flushedAt.clear();
    for (const slot of slots) {
      const event = pending?.get(slot)?.();
      if (event === undefined) continue;
      const text = frame(event);
      for (const client of this.#ofRun.get(run) ?? []) this.#write(client, text);
      if (slot === "run") for (const client of this.#ofAll) this.#write(client, text);
    }
  }

  #forget(run: string): void {
    clearTimeout(this.#timers.get(run));
    this.#timers.delete(run);
    this.#pending.delete(run);
  }

  #write(client: ServerResponse, text: string): void {
    if (client.writableEnded || client.destroyed) return;
    client.write(text);
    if (client.writableLength > maxUnsentBytes) client.destroy();
  }
}

/** JSON never holds a raw line break, so one data line is enough. */
const frame = (event: LiveEvent): string => `event: ${event.kind}\ndata: ${toJson(event)}\n\n`;
