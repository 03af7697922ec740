import type { FlatConfig } from "../../model/config.ts";
import type { Environment } from "../../model/run.ts";
import { isBookkeeping, isSeed } from "./bookkeeping.ts";

/**
 * A text that is the same for runs that differ in nothing but the seed and bookkeeping: the seeds of one
 * experiment. Undefined for runs without settings, which nobody can tell apart.
 */
export function settingsKey(config: FlatConfig, environment: Environment | undefined): string | undefined {
  const settings = Object.entries(config)
    .filter(([key, value]) => value !== null && !isBookkeeping(key) && !isSeed(key))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  if (settings.length === 0) return undefined;
  return JSON.stringify([settings, environment?.gitCommit ?? "", environment?.gitDiff ?? ""]);
}
