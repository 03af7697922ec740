import { oneVsRest } from "../measures/one-vs-rest.ts";
import { defineMetric } from "../metric.ts";

export const rocAuc = defineMetric({
  id: "roc-auc",
  title: "ROC AUC",
  names: ["roc_auc"],
  tasks: ["classification", "multilabel"],
  range: [0, 1],
  source: "scikit-learn roc_auc_score, multi_class=ovr",
  measure: (examples, task, options) => oneVsRest("roc_auc", examples, { task, options }),
});
