import type { LineParser, Reading } from "./line-parser.ts";
import { metricsOf } from "./pairs.ts";

// karpathy/nanoGPT train.py: `iter 10: loss 3.2100, time 23.51ms, mfu 12.30%` and
// `step 250: train loss 2.4621, val loss 2.4813`.
const line = /^(iter|step) +(\d+): ((?:train |val )?(?:loss|perplexity) .*)$/;
const item = /^([a-z][\w ]*?) ([-+\d.e]+|nan|inf|-inf)(ms|%|s)?$/i;

export const nanogpt: LineParser = {
  id: "nanogpt",
  first: "is",
  open:
    () =>
    ({ body }): Reading | undefined => {
      const match = line.exec(body);
      if (match === null) return undefined;
      const metrics = metricsOf((match[3] ?? "").split(", "), item);
      if (metrics.length === 0) return undefined;
      const isEvaluation = match[1] === "step";
      return { step: Number(match[2]), metrics, dialect: "nanogpt", isEvaluation };
    },
};
