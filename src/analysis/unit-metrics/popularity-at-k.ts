import type { Rankings } from "../../model/ranking.ts";
import { meansOfLists } from "../measures/recommended-items.ts";
import { measureOfMean } from "../measures/sums.ts";
import type { UnitMetric } from "../unit-metric.ts";

export const popularityAtK: UnitMetric<Rankings> = {
  id: "popularity-at-k",
  title: "Training users of the items in a list",
  names: ["popularity@k"],
  task: "ranking",
  range: [0, Infinity],
  source: "RecBole AveragePopularity",
  measure(rankings, { k }) {
    const { training, protocol } = rankings;
    if (training === null) return { missing: ["training interactions"] };
    const means = meansOfLists(rankings, k, (item) => training.usersOfItem.get(item) ?? 0);
    const signature = `popularity|k:${k}|users in training:${training.users}|${protocol}`;
    const measure = measureOfMean({ name: `popularity@${k}`, signature, better: "lower" }, means, () => Number.NaN);
    // A property of the lists: no list is wrong for it.
    return [{ ...measure, errors: null, proportion: null }];
  },
};
