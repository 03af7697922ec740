import { classProbabilities } from "../measures/class-scores.ts";
import { measureOfMean } from "../measures/sums.ts";
import { defineMetric } from "../metric.ts";

/** scikit-learn clips to the resolution of float64, so that one certain mistake does not make the mean infinite. */
const resolution = 2 ** -52;

export const logLoss = defineMetric({
  id: "log-loss",
  title: "Log loss",
  names: ["log_loss"],
  tasks: ["classification"],
  range: [0, Infinity],
  source: "scikit-learn log_loss",
  measure(examples, _, options) {
    const scores = classProbabilities(examples, options.positive);
    if ("missing" in scores) return scores;
    const losses = Float64Array.from(scores.truth, (right, index) =>
      right === null
        ? Number.NaN
        : -Math.log(Math.min(Math.max(scores.score(index, right), resolution), 1 - resolution)),
    );
    const signature = "log_loss|base:e|clip:2.2e-16";
    return [measureOfMean({ name: "log_loss", signature, better: "lower" }, losses, (loss) => loss)];
  },
});
