import type { Rankings } from "../../model/ranking.ts";
import type { Weights } from "../metric.ts";

/** How often each item stands among the first k of a list. */
export function recommendedItems({ units }: Rankings, k: number, weights: Weights | null): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  units.forEach(({ ranked }, index) => {
    const weight = weights === null ? 1 : (weights[index] ?? 0);
    if (weight === 0) return;
    for (let place = 0; place < Math.min(k, ranked.length); place += 1) {
      const item = ranked[place]?.item ?? "";
      counts.set(item, (counts.get(item) ?? 0) + weight);
    }
  });
  return counts;
}

/** Mean over lists of the mean of `of` over their first k items; NaN for an empty list. */
export const meansOfLists = ({ units }: Rankings, k: number, of: (item: string) => number): Float64Array =>
  Float64Array.from(units, ({ ranked }) => {
    const first = ranked.slice(0, k);
    return first.reduce((sum, { item }) => sum + of(item), 0) / first.length;
  });
