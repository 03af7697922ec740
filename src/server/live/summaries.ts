import { setTimeout as sleep } from "node:timers/promises";
import type { z } from "zod";
import type { getRuns, RunSummary } from "../../api/runs.ts";
import { messageOf } from "../../base/errors.ts";
import { nothingDerived, type Catalog } from "./catalog.ts";
import type { Hub } from "./hub.ts";
import type { LiveRuns } from "./live-runs.ts";

/** Longest that a list waits: a first page may come complete, thousands of rows must not hold it up. */
const waitMs = (unknown: number): number => (unknown <= 100 ? 300 : 40);

/** Runs computed at once: what the store reads of them it reads together. */
const atOnce = 32;

/**
 * The list of runs with sparklines and verdicts. What is not known yet after a restart is computed in the
 * background, newest request first, some runs at a time; until then its row has no curve, and a `run`
 * event brings it.
 */
export class Summaries {
  readonly #catalog: Catalog;
  readonly #live: LiveRuns;
  readonly #hub: Hub;
  readonly #log: (line: string) => void;
  #wanted: string[] = [];
  #working: Promise<void> | undefined;
  #isClosed = false;

  constructor(catalog: Catalog, live: LiveRuns, hub: Hub, log: (line: string) => void) {
    this.#catalog = catalog;
    this.#live = live;
    this.#hub = hub;
    this.#log = log;
  }

  async list(query: z.output<NonNullable<typeof getRuns.query>>): Promise<{ runs: RunSummary[]; total: number }> {
    const { entries, total } = this.#catalog.list(query);
    for (const { row } of entries) this.#live.refresh(row.id);
    const unknown = entries.filter((e) => e.derived === undefined).map((e) => e.row.id);
    if (unknown.length > 0)
      await Promise.race([this.want(unknown), sleep(waitMs(unknown.length), undefined, { ref: false })]);
    return { runs: entries.map(({ row, derived }) => ({ ...row, ...(derived ?? nothingDerived) })), total };
  }

  /** Resolves when these are computed, or others were wanted more. */
  want(ids: readonly string[]): Promise<void> {
    // The newest question is the one that somebody looks at.
    this.#wanted = [...this.#wanted, ...ids.toReversed()].slice(-20_000);
    this.#working ??= this.#workAll().finally(() => {
      this.#working = undefined;
    });
    return this.#working;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#working;
  }

  async #workAll(): Promise<void> {
    await Promise.all(Array.from({ length: atOnce }, () => this.#work()));
  }

  async #work(): Promise<void> {
    for (let id = this.#wanted.pop(); id !== undefined && !this.#isClosed; id = this.#wanted.pop()) {
      const entry = this.#catalog.get(id);
      if (entry === undefined || entry.derived !== undefined) continue;
      try {
        await this.#live.derive(id);
      } catch (thrown) {
        entry.derived ??= nothingDerived;
        this.#log(`Summary of run ${id} could not be computed: ${messageOf(thrown)}`);
      }
      const known = id;
      this.#hub.changed(known, "run", () => {
        const run = this.#catalog.summary(known);
        return run && { kind: "run", run };
      });
    }
  }
}
