import type { Rankings } from "../../model/ranking.ts";
import { perQuery } from "../measures/per-query.ts";
import type { UnitMetric } from "../unit-metric.ts";

export const mrrAtK: UnitMetric<Rankings> = {
  id: "mrr-at-k",
  title: "Reciprocal rank of the first relevant item",
  names: ["mrr@k"],
  task: "ranking",
  range: [0, 1],
  source: "trec_eval recip_rank",
  measure: (rankings, { k }) =>
    perQuery({ name: "mrr", convention: "beyond k:0" }, { rankings, k }, ({ gains }) => {
      const first = gains.findIndex((gain) => gain > 0);
      return first === -1 ? 0 : 1 / (first + 1);
    }),
};
