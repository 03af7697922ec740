/** What a fact needs, as its id says it: a series, and of some how many rows. */
const counted = /^(.*), (\d+) rows of it$/s;

/** Facts of one series differ in how many rows they need; who has the most has the others, so only that is said. */
export function mostOf(missing: readonly string[]): string[] {
  const most = new Map<string, number>();
  for (const id of missing) {
    const [, what = id, rows = "0"] = counted.exec(id) ?? [];
    most.set(what, Math.max(most.get(what) ?? 0, Number(rows)));
  }
  return [...most].map(([what, rows]) => (rows === 0 ? what : `${what}, ${rows} rows of it`));
}
