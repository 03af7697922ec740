import { defineFact, type RunView } from "../fact.ts";
import { qualityOf } from "../names/quality.ts";
import { wordsOf } from "../names/words.ts";
import type { SeriesData } from "../run-data.ts";
import { evalLoss as evalLossSignal, evalMetric, trainLoss } from "../signals.ts";
import { type Curve, foremost, whole } from "./curve.ts";

/** The held-out loss; of several (`val_loss`, `val_mse`, `val_mae`) the one that training lowers. */
function heldOutLoss(run: RunView): SeriesData | undefined {
  const first = foremost(run.series(evalLossSignal), evalLossSignal);
  const trained = foremost(run.series(trainLoss), trainLoss);
  if (trained === undefined) return first;
  const { core } = wordsOf(trained.name);
  const isSame = ({ name, length }: SeriesData): boolean =>
    length > 0 && 2 * length >= (first?.length ?? 0) && wordsOf(name).core === core;
  return run.series(evalLossSignal).find(isSame) ?? first ?? run.series(evalMetric).find(isSame);
}

export const evalLoss = defineFact<Curve>({
  id: "eval_loss",
  derive(run) {
    const series = heldOutLoss(run);
    return series === undefined ? undefined : whole(series);
  },
});

export interface TaskMetric extends Curve {
  readonly name: string;
  /** True when a larger value is a better model. */
  readonly higherIsBetter: boolean;
}

/** What the model is for, measured on held-out data: accuracy, BLEU, WER ... Empty when nothing of the kind is logged. */
export const taskMetrics = defineFact<readonly TaskMetric[]>({
  id: "task metric",
  derive(run, get) {
    const loss = get(evalLoss)?.series;
    return run
      .series(evalMetric)
      .filter(({ id, length }) => length > 0 && id !== loss)
      .map((series) => ({ ...whole(series), name: series.name, higherIsBetter: qualityOf(series.name) === "higher" }));
  },
});
