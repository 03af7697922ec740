import { classProbabilities, type ClassScores } from "../measures/class-scores.ts";
import { measureOfSums } from "../measures/sums.ts";
import { defineMetric } from "../metric.ts";

const bins = 15;

/** Lower edges; multiples of 1 / 15 would miss 0.6 by a rounding, and with it all confidences of exactly 0.6. */
const edges = Float64Array.from({ length: bins + 1 }, (_, i) => i / bins);

function binOf(confidence: number): number {
  let bin = Math.min(bins, Math.floor(confidence * bins));
  while (bin > 0 && confidence < (edges[bin] ?? 0)) bin -= 1;
  while (bin < bins && confidence >= (edges[bin + 1] ?? Infinity)) bin += 1;
  return bin;
}

/** Of two classes the probability of the positive one against whether it is right; of more the highest probability. */
function confidences({ labels, positive, truth, score }: ClassScores): readonly [Float64Array, Uint8Array] {
  const isRight = new Uint8Array(truth.length);
  const confidence = Float64Array.from(truth, (right, index) => {
    if (right === null) return Number.NaN;
    let best = positive ?? labels[0] ?? "";
    if (positive === null) for (const label of labels) if (score(index, label) > score(index, best)) best = label;
    isRight[index] = right === best ? 1 : 0;
    return score(index, best);
  });
  return [confidence, isRight];
}

export const ece = defineMetric({
  id: "ece",
  title: "Expected calibration error",
  names: ["ece"],
  tasks: ["classification"],
  range: [0, 1],
  source: "torchmetrics calibration_error, n_bins=15, norm=l1",
  measure(examples, _, options) {
    const scores = classProbabilities(examples, options.positive);
    if ("missing" in scores) return scores;
    const [confidence, isRight] = confidences(scores);
    // Of each bin what it was right more often than it was confident, then the number of examples.
    const width = bins + 2;
    const rows = new Float64Array(confidence.length * width);
    confidence.forEach((value, index) => {
      if (Number.isNaN(value)) return;
      rows[index * width + binOf(value)] = (isRight[index] ?? 0) - value;
      rows[index * width + bins + 1] = 1;
    });
    const value = (sum: ArrayLike<number>): number => {
      let gaps = 0;
      for (let bin = 0; bin <= bins; bin += 1) gaps += Math.abs(sum[bin] ?? 0);
      return gaps / (sum[bins + 1] ?? 0);
    };
    const of = scores.positive === null ? "highest probability" : `probability of ${scores.positive}`;
    const signature = `ece|bins:15 of equal width|norm:l1|confidence:${of}`;
    return [measureOfSums({ name: "ece", signature, better: "lower", n: scores.n }, width, rows, value)];
  },
});
