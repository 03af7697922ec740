import type { z } from "zod";
import type { getRuns, RunSummary } from "../../api/runs.ts";
import { AppError } from "../../base/errors.ts";
import type { Run } from "../../model/run.ts";
import type { Store } from "../../store/store.ts";

/** The part of a summary that is computed from points and findings. */
export type Derived = Pick<RunSummary, "lastStep" | "verdict" | "findings" | "headline" | "sparkline" | "lastLoss">;

export const nothingDerived: Derived = {
  lastStep: null,
  verdict: null,
  findings: 0,
  headline: null,
  sparkline: [],
  lastLoss: null,
};

export interface Entry {
  readonly row: Omit<RunSummary, keyof Derived>;
  /** undefined: not computed since this server started. */
  derived: Derived | undefined;
  /** When the run last reported anything, in milliseconds since the epoch. */
  heardAt: number;
  readonly host: string | undefined;
  readonly pid: number | undefined;
}

type Query = z.output<NonNullable<typeof getRuns.query>>;

const pageSize = 1_000;

/**
 * All runs in memory, without their configuration: the list of runs is asked for often and must stay
 * fast with ten thousand of them. This server is the only writer of the store, so the copy is exact.
 */
export class Catalog {
  readonly #store: Store;
  readonly #entries = new Map<string, Entry>();
  readonly #queues = new Map<string, Promise<unknown>>();

  constructor(store: Store) {
    this.#store = store;
  }

  async load(): Promise<void> {
    for (let offset = 0; ; offset += pageSize) {
      const { runs, total } = await this.#store.listRuns({ limit: pageSize, offset });
      for (const run of runs) this.#note(run);
      if (runs.length === 0 || offset + runs.length >= total) return;
    }
  }

  get(id: string): Entry | undefined {
    return this.#entries.get(id);
  }

  /** The entry, or the error that tells how to get one. */
  require(id: string): Entry {
    const entry = this.#entries.get(id);
    if (entry === undefined) throw unknownRun(id);
    return entry;
  }

  ids(): readonly string[] {
    return [...this.#entries.keys()];
  }

  *running(): Iterable<Entry> {
    for (const entry of this.#entries.values()) if (entry.row.status === "running") yield entry;
  }

  summary(id: string): RunSummary | undefined {
    const entry = this.#entries.get(id);
    return entry && { ...entry.row, ...(entry.derived ?? nothingDerived) };
  }

  /** Changes one run; changes of the same run happen one after the other. `change` gets undefined for a new run. */
  async change(id: string, change: (run: Run | undefined) => Run): Promise<Run> {
    return this.#inTurn(id, async () => {
      const before = this.#entries.has(id) ? await this.#store.getRun(id) : undefined;
      const run = change(before);
      await this.#store.putRun(run);
      const entry = this.#note(run);
      entry.heardAt = Date.now();
      if (before === undefined) entry.derived = nothingDerived;
      return run;
    });
  }

  async delete(id: string): Promise<void> {
    return this.#inTurn(id, async () => {
      this.require(id);
      await this.#store.deleteRun(id);
      this.#entries.delete(id);
    });
  }

  list({ project, status, search, sort, order, limit, offset }: Query): { entries: readonly Entry[]; total: number } {
    const words = (search ?? "").toLowerCase().split(/\s+/).filter(Boolean);
    const found = [...this.#entries.values()].filter(
      ({ row }) =>
        (project === undefined || row.project === project) &&
        (status === undefined || row.status === status) &&
        (words.length === 0 || containsAll(row, words)),
    );
    const sign = order === "ascending" ? 1 : -1;
    found.sort(({ row: a }, { row: b }) => {
      const [x, y] = [a[sort] ?? Number.POSITIVE_INFINITY, b[sort] ?? Number.POSITIVE_INFINITY];
      if (x === y) return sign * (a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1));
      return sign * (x < y ? -1 : 1);
    });
    return { entries: found.slice(offset, offset + limit), total: found.length };
  }

  #note(run: Run): Entry {
    const { config: _config, environment, ...row } = run;
    const before = this.#entries.get(run.id);
    const entry: Entry = {
      row,
      derived: before?.derived,
      heardAt: before?.heardAt ?? Date.now(),
      host: environment.host,
      pid: environment.pid,
    };
    this.#entries.set(run.id, entry);
    return entry;
  }

  async #inTurn<T>(id: string, work: () => Promise<T>): Promise<T> {
    const before = this.#queues.get(id) ?? Promise.resolve();
    const turn = before.then(work, work);
    this.#queues.set(id, turn);
    try {
      return await turn;
    } finally {
      if (this.#queues.get(id) === turn) this.#queues.delete(id);
    }
  }
}

export const unknownRun = (id: string): AppError =>
  new AppError(
    "not-found",
    `There is no run "${id}". Start it first: POST /api/v1/runs with {"id": "${id}", "project": "..."}; GET /api/v1/runs lists the known ones.`,
  );

function containsAll({ name, project, id, tags }: Entry["row"], words: readonly string[]): boolean {
  const text = `${name}\n${project}\n${id}\n${tags.join("\n")}`.toLowerCase();
  return words.every((word) => text.includes(word));
}
