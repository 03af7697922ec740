import type { Rankings } from "../../model/ranking.ts";
import { hitsOf, perQuery } from "../measures/per-query.ts";
import type { UnitMetric } from "../unit-metric.ts";

export const precisionAtK: UnitMetric<Rankings> = {
  id: "precision-at-k",
  title: "Precision among the first k",
  names: ["precision@k"],
  task: "ranking",
  range: [0, 1],
  source: "trec_eval P",
  measure: (rankings, { k }) =>
    perQuery({ name: "precision", convention: "divisor:k" }, { rankings, k }, ({ gains }) => hitsOf(gains) / k),
};
