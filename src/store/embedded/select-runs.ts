import type { RunQuery } from "../store.ts";
import type { RunEntry } from "./catalog.ts";

/** Runs that match, in the order asked for. Runs without an end come last when sorted by it. */
export function selectRuns(runs: Iterable<RunEntry>, query: RunQuery): RunEntry[] {
  const words = (query.search ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  const found: RunEntry[] = [];
  for (const run of runs) {
    if (query.project !== undefined && run.project !== query.project) continue;
    if (query.status !== undefined && run.status !== query.status) continue;
    if (words.every((word) => run.searchable.includes(word))) found.push(run);
  }
  const sort = query.sort ?? "createdAt";
  const order = query.order ?? (sort === "createdAt" || sort === "endedAt" ? "descending" : "ascending");
  const sign = order === "ascending" ? 1 : -1;
  return found.sort((a, b) => {
    const [left, right] = [a[sort], b[sort]];
    // Equal ones keep the order in which they were created, newest first like the list itself.
    if (left === right) return sort === "createdAt" ? sign * (a.key - b.key) : b.key - a.key;
    if (left === null) return 1;
    if (right === null) return -1;
    return left < right ? -sign : sign;
  });
}
