import type { Rankings } from "../../model/ranking.ts";
import { hitsOf, perQuery } from "../measures/per-query.ts";
import type { UnitMetric } from "../unit-metric.ts";

export const recallAtK: UnitMetric<Rankings> = {
  id: "recall-at-k",
  title: "Recall among the first k",
  names: ["recall@k"],
  task: "ranking",
  range: [0, 1],
  source: "trec_eval recall",
  measure: (rankings, { k }) =>
    perQuery(
      { name: "recall", convention: "divisor:all relevant" },
      { rankings, k },
      ({ gains, relevant }) => hitsOf(gains) / relevant,
    ),
};
