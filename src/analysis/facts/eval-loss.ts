import { defineFact } from "../fact.ts";
import { evalLoss as evalLossSignal, evalMetric } from "../signals.ts";
import { type Curve, longest, whole } from "./curve.ts";

export const evalLoss = defineFact<Curve>({
  id: "eval_loss",
  derive(run) {
    const series = longest(run.series(evalLossSignal));
    return series === undefined ? undefined : whole(series);
  },
});

export interface TaskMetric extends Curve {
  /** True when a larger value is a better model. */
  readonly higherIsBetter: boolean;
}

const lowerIsBetter = /(wer|cer|perplexity|ppl)(@\d+)?$/i;

/** What the model is for, measured on held-out data: accuracy, BLEU, WER ... Empty when nothing of the kind is logged. */
export const taskMetrics = defineFact<readonly TaskMetric[]>({
  id: "task metric",
  derive: (run) =>
    run
      .series(evalMetric)
      .filter((series) => series.length > 0)
      .map((series) => ({ ...whole(series), higherIsBetter: !lowerIsBetter.test(series.name) })),
});
