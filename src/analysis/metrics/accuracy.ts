import { defineMetric } from "../metric.ts";
import { measureOfMean } from "../measures/sums.ts";

export const accuracy = defineMetric({
  id: "accuracy",
  title: "Accuracy",
  names: ["accuracy"],
  tasks: ["classification", "multilabel"],
  range: [0, 1],
  source: "scikit-learn accuracy_score",
  measure(examples, task) {
    if (!examples.some(({ references }) => references.length > 0)) return { missing: ["references"] };
    const values = Float64Array.from(examples, ({ prediction, references }) => {
      if (references.length === 0) return Number.NaN;
      if (prediction === null) return 0;
      if (typeof prediction === "string") return references.includes(prediction) ? 1 : 0;
      const right = new Set(references);
      return new Set(prediction).size === right.size && prediction.every((label) => right.has(label)) ? 1 : 0;
    });
    const signature = task === "multilabel" ? "accuracy|match:exact set" : "accuracy|missing:wrong";
    return [measureOfMean({ name: "accuracy", signature, better: "higher" }, values, (value) => 1 - value)];
  },
});
