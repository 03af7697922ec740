import type { Rankings } from "../../model/ranking.ts";
import { perQuery } from "../measures/per-query.ts";
import type { UnitMetric } from "../unit-metric.ts";

export const mapAtK: UnitMetric<Rankings> = {
  id: "map-at-k",
  title: "Mean average precision",
  names: ["map@k"],
  task: "ranking",
  range: [0, 1],
  source: "trec_eval map_cut",
  measure: (rankings, { k }) =>
    perQuery({ name: "map", convention: "divisor:all relevant" }, { rankings, k }, ({ gains, relevant }) => {
      let hits = 0;
      let sum = 0;
      gains.forEach((gain, place) => {
        if (gain <= 0) return;
        hits += 1;
        sum += hits / (place + 1);
      });
      return sum / relevant;
    }),
};
