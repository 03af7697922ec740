import { settingsKey } from "../../analysis/index.ts";
import type { Run } from "../../model/run.ts";

/** Runs that differ by the seed alone, oldest first. */
export interface Experiment {
  readonly runs: readonly Run[];
  /** Of its first run, in milliseconds since the epoch. */
  readonly startedAt: number;
}

/** More seeds than this are no surer in practice, and each is read whole. */
const maxSeeds = 8;

/** The newest experiment first. A run without settings belongs to none. */
export function experimentsOf(runs: readonly Run[]): Experiment[] {
  const groups = new Map<string, Run[]>();
  for (const run of runs.toSorted((a, b) => a.createdAt - b.createdAt)) {
    const key = settingsKey(run.config, run.environment);
    if (key !== undefined) groups.set(key, [...(groups.get(key) ?? []), run]);
  }
  return [...groups.values()]
    .map((group) => ({ runs: group.slice(0, maxSeeds), startedAt: group[0]?.createdAt ?? 0 }))
    .toSorted((a, b) => b.startedAt - a.startedAt);
}
