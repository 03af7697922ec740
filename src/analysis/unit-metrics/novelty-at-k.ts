import type { Rankings } from "../../model/ranking.ts";
import { meansOfLists } from "../measures/recommended-items.ts";
import { measureOfMean } from "../measures/sums.ts";
import type { UnitMetric } from "../unit-metric.ts";

export const noveltyAtK: UnitMetric<Rankings> = {
  id: "novelty-at-k",
  title: "Share of training users who do not know an item of a list",
  names: ["novelty@k"],
  task: "ranking",
  range: [0, 1],
  source: "Vargas and Castells 2011, popularity complement",
  measure(rankings, { k }) {
    const { training, protocol } = rankings;
    if (training === null || training.users === 0) return { missing: ["training interactions"] };
    const means = meansOfLists(rankings, k, (item) => 1 - (training.usersOfItem.get(item) ?? 0) / training.users);
    const signature = `novelty|k:${k}|popularity complement|users in training:${training.users}|${protocol}`;
    const measure = measureOfMean({ name: `novelty@${k}`, signature, better: "higher" }, means, () => Number.NaN);
    // A property of the lists: no list is wrong for it.
    return [{ ...measure, errors: null, proportion: null }];
  },
};
