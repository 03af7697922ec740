import { averageNames, averages, share } from "../measures/averages.ts";
import { defineMetric } from "../metric.ts";

export const precision = defineMetric({
  id: "precision",
  title: "Precision",
  names: averageNames("precision"),
  tasks: ["classification", "multilabel"],
  range: [0, 1],
  source: "scikit-learn precision_score",
  measure: (examples, task, options) =>
    averages(
      { name: "precision", value: (hits, predicted) => share(hits, predicted), shareOf: "predicted" },
      examples,
      { task, options },
    ),
});
