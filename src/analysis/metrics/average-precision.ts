import { oneVsRest } from "../measures/one-vs-rest.ts";
import { defineMetric } from "../metric.ts";

export const averagePrecision = defineMetric({
  id: "average-precision",
  title: "Average precision",
  names: ["average_precision"],
  tasks: ["classification", "multilabel"],
  range: [0, 1],
  source: "scikit-learn average_precision_score",
  measure: (examples, task, options) => oneVsRest("average_precision", examples, { task, options }),
});
