import { classCodes, type ClassTotals } from "../measures/class-codes.ts";
import { classMeasure } from "../measures/class-measure.ts";
import { defineMetric } from "../metric.ts";

export const mcc = defineMetric({
  id: "mcc",
  title: "Matthews correlation",
  names: ["mcc"],
  tasks: ["classification"],
  range: [-1, 1],
  source: "scikit-learn matthews_corrcoef",
  measure(examples, task) {
    const codes = classCodes(examples, task);
    if (codes.n === 0) return { missing: ["references"] };
    const value = ({ hits, predicted, actual, total, missing }: ClassTotals): number => {
      if (total === 0) return Number.NaN;
      let correct = 0;
      let both = 0;
      let ofActual = total * total;
      // Examples without a prediction form a class of their own, which is never right.
      let ofPredicted = total * total - missing * missing;
      hits.forEach((hit, code) => {
        const [said, right] = [predicted[code] ?? 0, actual[code] ?? 0];
        correct += hit;
        both += said * right;
        ofActual -= right * right;
        ofPredicted -= said * said;
      });
      return ofActual === 0 || ofPredicted === 0
        ? 0
        : (correct * total - both) / (Math.sqrt(ofActual) * Math.sqrt(ofPredicted));
    };
    return [classMeasure(codes, { name: "mcc", signature: "mcc|constant:0|missing:wrong", better: "higher" }, value)];
  },
});
