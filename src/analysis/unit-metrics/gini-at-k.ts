import type { Rankings } from "../../model/ranking.ts";
import { measureOfValue } from "../measures/measure-of-value.ts";
import { recommendedItems } from "../measures/recommended-items.ts";
import type { UnitMetric } from "../unit-metric.ts";

/** 0 where all items are recommended equally often, near 1 where a few are. Elliot prints 1 minus it under the same name. */
export const giniAtK: UnitMetric<Rankings> = {
  id: "gini-at-k",
  title: "Gini index of how often items are recommended",
  names: ["gini@k"],
  task: "ranking",
  range: [0, 1],
  source: "RecBole GiniIndex",
  measure(rankings, { k }) {
    const size = rankings.catalogue?.size ?? 0;
    if (size === 0) return { missing: ["all items (training interactions)"] };
    const value = (weights: ArrayLike<number> | null): number => {
      const counts = Float64Array.from(recommendedItems(rankings, k, weights).values()).sort();
      let sum = 0;
      let total = 0;
      // Items that are never recommended come first and add nothing.
      counts.forEach((count, index) => {
        sum += (2 * (size - counts.length + index + 1) - size - 1) * count;
        total += count;
      });
      return sum / (size * total);
    };
    const signature = `gini|k:${k}|items:${size}|0:equal|${rankings.protocol}`;
    return [measureOfValue({ name: `gini@${k}`, signature, better: "lower", n: rankings.units.length, value })];
  },
};
