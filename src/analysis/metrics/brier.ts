import { classProbabilities } from "../measures/class-scores.ts";
import { measureOfMean } from "../measures/sums.ts";
import { defineMetric } from "../metric.ts";

export const brier = defineMetric({
  id: "brier",
  title: "Brier score",
  names: ["brier"],
  tasks: ["classification"],
  range: [0, 2],
  source: "scikit-learn brier_score_loss",
  measure(examples, _, options) {
    const scores = classProbabilities(examples, options.positive);
    if ("missing" in scores) return scores;
    const { labels, positive, truth } = scores;
    const counted = positive === null ? labels : [positive];
    const squares = Float64Array.from(truth, (right, index) =>
      right === null
        ? Number.NaN
        : counted.reduce((sum, label) => sum + (scores.score(index, label) - (label === right ? 1 : 0)) ** 2, 0),
    );
    const signature = positive === null ? "brier|classes:summed" : `brier|positive:${positive}`;
    return [measureOfMean({ name: "brier", signature, better: "lower" }, squares, (square) => square)];
  },
});
