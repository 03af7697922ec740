import type { LineParser, Metric, Reading } from "./line-parser.ts";
import { pairsOf } from "./pairs.ts";

// pytorch/torchtitan components/metrics.py, MetricsProcessor.log and log_validation:
// `step: 10  loss:  8.12345  grad_norm: 1.2  memory: 9.46GiB(64.99%)  tps: 7,282  tflops: 0.52  mfu: 0.17%`.
const line = /^(validate )?step: +(\d+) +(loss: .*(?:memory|tps): .*)$/;

export const torchtitan: LineParser = {
  id: "torchtitan",
  first: "sv",
  open:
    () =>
    ({ body }): Reading | undefined => {
      const match = line.exec(body);
      if (match === null) return undefined;
      const isEvaluation = match[1] !== undefined;
      const metrics: Metric[] = pairsOf(match[3] ?? "").map(({ key, value }) => [
        isEvaluation ? `validation ${key}` : key,
        value,
      ]);
      return { step: Number(match[2]), metrics, isEvaluation, dialect: "torchtitan" };
    },
};
