import { averageNames, averages, share } from "../measures/averages.ts";
import { defineMetric } from "../metric.ts";

export const recall = defineMetric({
  id: "recall",
  title: "Recall",
  names: averageNames("recall"),
  tasks: ["classification", "multilabel"],
  range: [0, 1],
  source: "scikit-learn recall_score",
  measure: (examples, task, options) =>
    averages({ name: "recall", value: (hits, _, actual) => share(hits, actual), shareOf: "actual" }, examples, {
      task,
      options,
    }),
});
