import { classScores } from "../measures/class-scores.ts";
import { measureOfMean } from "../measures/sums.ts";
import { defineMetric } from "../metric.ts";

const k = 5;

export const topK = defineMetric({
  id: "top-k",
  title: "Right label among the five highest scores",
  names: ["top5_accuracy"],
  tasks: ["classification"],
  range: [0, 1],
  source: "scikit-learn top_k_accuracy_score",
  measure(examples, _, options) {
    const scores = classScores(examples, options.positive);
    if ("missing" in scores) return scores;
    const { labels, truth } = scores;
    if (labels.length <= k) return { missing: [`more than ${k} classes`] };
    const hits = Float64Array.from(truth, (right, index) => {
      if (right === null) return Number.NaN;
      const own = scores.score(index, right);
      let before = 0;
      let isAfter = false;
      for (const label of labels) {
        const score = scores.score(index, label);
        // Of equal scores the later label is first, as in scikit-learn's reversed stable order.
        if (score > own || (score === own && isAfter)) before += 1;
        if (label === right) isAfter = true;
      }
      return before < k ? 1 : 0;
    });
    const signature = `top${k}_accuracy|ties:later label first`;
    return [measureOfMean({ name: "top5_accuracy", signature, better: "higher" }, hits, (hit) => 1 - hit)];
  },
});
