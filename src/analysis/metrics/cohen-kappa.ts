import { classCodes, type ClassTotals } from "../measures/class-codes.ts";
import { classMeasure } from "../measures/class-measure.ts";
import { defineMetric } from "../metric.ts";

export const cohenKappa = defineMetric({
  id: "cohen-kappa",
  title: "Cohen's kappa",
  names: ["cohen_kappa"],
  tasks: ["classification"],
  range: [-1, 1],
  source: "scikit-learn cohen_kappa_score",
  measure(examples, task) {
    const codes = classCodes(examples, task);
    if (codes.n === 0) return { missing: ["references"] };
    const value = ({ hits, predicted, actual, total }: ClassTotals): number => {
      let agreed = 0;
      let byChance = 0;
      hits.forEach((hit, code) => {
        agreed += hit;
        byChance += ((predicted[code] ?? 0) * (actual[code] ?? 0)) / total;
      });
      // Not defined where both are constant and agree: 0/0.
      return 1 - (total - agreed) / (total - byChance);
    };
    const signature = "cohen_kappa|weights:none|missing:wrong";
    return [classMeasure(codes, { name: "cohen_kappa", signature, better: "higher" }, value)];
  },
});
