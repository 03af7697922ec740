import { levels } from "./accumulator.ts";
import { BucketRows } from "./bucket-rows.ts";
import { overviewEnd } from "./catalog.ts";
import { Overview } from "./overview.ts";
import { fetchRows } from "./fetch-rows.ts";
import type { Range, Read } from "./fetch-rows.ts";
import type { SeriesState } from "./series-state.ts";

/** Memory that overviews may hold together; the least recently drawn go first. 160 bytes for every 256 points. */
const limitBytes = 48 * 1024 * 1024;

/** Runs work while no transaction is open, so that what is read is exactly what is in the index. */
export type Alone = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * The base-level buckets of series that charts are drawn of. Loaded once, then kept up to date by
 * ingest; they are what finds the ordinals of a range and what a wide chart is made of.
 */
export class Overviews {
  /** In order of last use. */
  private readonly used = new Set<SeriesState>();

  async load(
    { read, alone }: { readonly read: Read; readonly alone: Alone },
    states: readonly SeriesState[],
  ): Promise<ReadonlyMap<SeriesState, Overview>> {
    const missing = states.filter((state) => state.overview === undefined);
    if (missing.length > 0) {
      await alone(async () => {
        const ranges = new Map<Range, SeriesState>();
        for (const state of missing) {
          ranges.set({ series: state.key, level: levels, from: 0, to: overviewEnd(state) }, state);
        }
        const rows = await fetchRows(read, [...ranges.keys()]);
        for (const [range, state] of ranges) state.overview ??= new Overview(rows.get(range) ?? new BucketRows());
      });
    }
    for (const state of states) {
      this.used.delete(state);
      this.used.add(state);
    }
    const loaded = new Map<SeriesState, Overview>();
    for (const state of states) if (state.overview !== undefined) loaded.set(state, state.overview);
    this.evict(states.length);
    return loaded;
  }

  clear(): void {
    for (const state of this.used.keys()) state.overview = undefined;
    this.used.clear();
  }

  /** Lets go of what is over the limit; the last `keep` are in use. */
  private evict(keep: number): void {
    let bytes = 0;
    for (const state of this.used) bytes += state.overview?.bytes ?? 0;
    let left = this.used.size;
    for (const state of this.used) {
      left -= 1;
      if (left < keep || bytes <= limitBytes) return;
      bytes -= state.overview?.bytes ?? 0;
      state.overview = undefined;
      this.used.delete(state);
    }
  }
}
