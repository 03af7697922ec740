import { defineFact } from "../fact.ts";
import { lowerIsBetter } from "../metric-names.ts";
import { evalLoss as evalLossSignal, evalMetric } from "../signals.ts";
import { type Curve, whole } from "./curve.ts";
import { plainLoss } from "./loss.ts";

export const evalLoss = defineFact<Curve>({
  id: "eval_loss",
  derive(run) {
    const series = plainLoss(run.series(evalLossSignal));
    return series === undefined ? undefined : whole(series);
  },
});

export interface TaskMetric extends Curve {
  /** True when a larger value is a better model. */
  readonly higherIsBetter: boolean;
}

/** What the model is for, measured on held-out data: accuracy, BLEU, WER ... Empty when nothing of the kind is logged. */
export const taskMetrics = defineFact<readonly TaskMetric[]>({
  id: "task metric",
  derive: (run) =>
    run
      .series(evalMetric)
      .filter((series) => series.length > 0)
      .map((series) => ({ ...whole(series), higherIsBetter: !lowerIsBetter.test(series.name) })),
});
