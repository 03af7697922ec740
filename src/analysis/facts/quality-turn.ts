import { at, bendsOf, median, noiseAtMost } from "../../base/statistics.ts";
import { defineFact } from "../fact.ts";
import { type Curve, finiteRows, rowBefore } from "./curve.ts";
import { evalLoss, type TaskMetric, taskMetrics } from "./eval-loss.ts";
import { overfitPatience } from "./generalization.ts";
import { supervisedLoss } from "./supervised-loss.ts";

/** Held-out quality that had its best value and became worse, while the training loss fell on; where no loss is measured on held-out data. */
export interface QualityTurn {
  readonly metric: TaskMetric;
  readonly best: { readonly step: number; readonly value: number };
  readonly last: { readonly step: number; readonly value: number };
  /** Evaluations after the best that are worse by more than the margin, up to the last one. */
  readonly worse: number;
  readonly onsetStep: number;
  /** Training loss at the best evaluation and now. */
  readonly train: { readonly atBest: number; readonly now: number };
}

/** Noise of a curve is judged from seven values on. */
const fewestEvals = 7;
/** As of a held-out loss, see `generalization`; quality of few examples moves in steps, and wanders at its height. */
const marginSigmas = 4;
const marginShare = 0.03;
const turnedShare = 0.02;
/** The training loss goes on falling, to this share of what it was at the best evaluation. */
const fallingShare = 0.75;
const nearRows = 3;

export const qualityTurn = defineFact<QualityTurn>({
  id: "eval_loss, or accuracy, F1, BLEU of held-out data",
  derive(_run, get) {
    const train = get(supervisedLoss);
    if (get(evalLoss) !== undefined || train === undefined) return undefined;
    const turned = (get(taskMetrics) ?? []).flatMap((metric) => turnOf(metric, train) ?? []);
    const [first] = turned;
    if (first === undefined) return undefined;
    // What one metric loses another may gain: precision and recall. All that can be judged have to agree.
    const judged = (get(taskMetrics) ?? []).filter(({ length }) => length >= fewestEvals).length;
    return turned.length === judged ? turned.reduce((a, b) => (b.onsetStep < a.onsetStep ? b : a), first) : undefined;
  },
});

function turnOf(metric: TaskMetric, train: Curve): QualityTurn | undefined {
  const rows = finiteRows(metric);
  if (rows.length < fewestEvals) return undefined;
  const { step, value, length } = rows;
  const sign = metric.higherIsBetter ? 1 : -1;
  let best = 0;
  for (let i = 1; i < length; i++) if (sign * (at(value, i) - at(value, best)) > 0) best = i;
  // A metric that was best at first has not learned anything that could be lost again.
  if (best === 0) return undefined;
  const noise = noiseAtMost(bendsOf(value));
  const size = Math.abs(at(value, best));
  const lossAt = (i: number): number => sign * (at(value, best) - at(value, i));
  const margin = Math.max(marginSigmas * noise, marginShare * size);
  let since = length;
  while (since - 1 > best && lossAt(since - 1) > margin) since -= 1;
  const worse = length - since;
  if (worse < overfitPatience) return undefined;
  while (since - 1 > best && lossAt(since - 1) > Math.max(noise, turnedShare * size)) since -= 1;
  const row = Math.max(0, rowBefore(train, at(step, best)));
  const atBest = median(train.value.subarray(Math.max(0, row - nearRows + 1), row + 1));
  const now = median(train.value.subarray(-nearRows));
  if (!(now < fallingShare * atBest) || !(atBest > 0)) return undefined;
  const end = length - 1;
  return {
    metric,
    best: { step: at(step, best), value: at(value, best) },
    last: { step: at(step, end), value: at(value, end) },
    worse,
    onsetStep: at(step, since),
    train: { atBest, now },
  };
}
