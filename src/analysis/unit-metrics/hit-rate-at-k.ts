import type { Rankings } from "../../model/ranking.ts";
import { hitsOf, perQuery } from "../measures/per-query.ts";
import type { UnitMetric } from "../unit-metric.ts";

export const hitRateAtK: UnitMetric<Rankings> = {
  id: "hit-rate-at-k",
  title: "Lists with a relevant item among the first k",
  names: ["hit_rate@k"],
  task: "ranking",
  range: [0, 1],
  source: "trec_eval success",
  measure: (rankings, { k }) =>
    perQuery({ name: "hit_rate", convention: "relevant:gain above 0" }, { rankings, k }, ({ gains }) =>
      hitsOf(gains) > 0 ? 1 : 0,
    ),
};
