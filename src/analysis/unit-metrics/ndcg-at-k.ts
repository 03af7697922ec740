import type { Rankings } from "../../model/ranking.ts";
import { perQuery } from "../measures/per-query.ts";
import type { UnitMetric } from "../unit-metric.ts";

export const ndcgAtK: UnitMetric<Rankings> = {
  id: "ndcg-at-k",
  title: "Normalised discounted cumulative gain",
  names: ["ndcg@k"],
  task: "ranking",
  range: [0, 1],
  source: "trec_eval ndcg_cut",
  measure: (rankings, { k }) =>
    perQuery(
      { name: "ndcg", convention: "gain:linear|discount:log2(rank+1)|ideal:all judged" },
      { rankings, k },
      ({ gains, ideal }) => discounted(gains) / discounted(ideal.subarray(0, k)),
    ),
};

const discounted = (gains: Float64Array): number =>
  gains.reduce((sum, gain, place) => sum + gain / Math.log2(place + 2), 0);
