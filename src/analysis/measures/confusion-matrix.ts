import type { Example } from "../../model/example.ts";
import type { Weights } from "../metric.ts";
import { classCodes } from "./class-codes.ts";

/** As scikit-learn's `confusion_matrix`: a row for each right label, a column for each predicted one. */
export interface ConfusionMatrix {
  /** Right and predicted labels, in the order of code points. */
  readonly labels: readonly string[];
  /** `counts[row * labels.length + column]`. */
  readonly counts: Float64Array;
  /** For each right label, the examples without a prediction, which stand in no column. */
  readonly missing: Float64Array;
}

export function confusionMatrix(examples: readonly Example[], weights: Weights | null = null): ConfusionMatrix {
  const { labels, truth, truthStart, predicted, predictedStart } = classCodes(examples, "classification");
  const counts = new Float64Array(labels.length * labels.length);
  const missing = new Float64Array(labels.length);
  for (let example = 0; example < examples.length; example += 1) {
    const weight = weights === null ? 1 : (weights[example] ?? 0);
    const from = truthStart[example] ?? 0;
    if (weight === 0 || truthStart[example + 1] === from) continue;
    const row = truth[from] ?? 0;
    const first = predictedStart[example] ?? 0;
    if (predictedStart[example + 1] === first) missing[row] = (missing[row] ?? 0) + weight;
    else {
      const cell = row * labels.length + (predicted[first] ?? 0);
      counts[cell] = (counts[cell] ?? 0) + weight;
    }
  }
  return { labels, counts, missing };
}
