import { averageNames, averages, share } from "../measures/averages.ts";
import { defineMetric } from "../metric.ts";

export const f1 = defineMetric({
  id: "f1",
  title: "F1",
  names: averageNames("f1"),
  tasks: ["classification", "multilabel"],
  range: [0, 1],
  source: "scikit-learn f1_score",
  measure: (examples, task, options) =>
    averages(
      { name: "f1", value: (hits, predicted, actual) => share(2 * hits, predicted + actual), shareOf: null },
      examples,
      { task, options },
    ),
});
