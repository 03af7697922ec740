import type { Rankings } from "../../model/ranking.ts";
import { measureOfValue } from "../measures/measure-of-value.ts";
import { recommendedItems } from "../measures/recommended-items.ts";
import type { UnitMetric } from "../unit-metric.ts";

export const coverageAtK: UnitMetric<Rankings> = {
  id: "coverage-at-k",
  title: "Share of all items that stand in a list",
  names: ["coverage@k"],
  task: "ranking",
  range: [0, 1],
  source: "RecBole ItemCoverage",
  measure(rankings, { k }) {
    const size = rankings.catalogue?.size ?? 0;
    if (size === 0) return { missing: ["all items (training interactions)"] };
    return [
      measureOfValue({
        name: `coverage@${k}`,
        signature: `coverage|k:${k}|items:${size}|${rankings.protocol}`,
        better: "higher",
        n: rankings.units.length,
        value: (weights) => recommendedItems(rankings, k, weights).size / size,
      }),
    ];
  },
};
