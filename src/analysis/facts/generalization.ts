import { at, median } from "../../base/statistics.ts";
import { defineFact } from "../fact.ts";
import { type Curve, finiteRows, rowAtStep } from "./curve.ts";
import { epochs } from "./epochs.ts";
import { evalLoss, type TaskMetric, taskMetrics } from "./eval-loss.ts";
import { supervisedLoss } from "./supervised-loss.ts";

/** Held-out loss against training loss. */
export interface Generalization {
  readonly evals: Curve;
  readonly best: { readonly row: number; readonly step: number; readonly value: number };
  readonly last: { readonly step: number; readonly value: number };
  readonly noise: number;
  /** Evaluations after the best that are worse than it by more than the margin, up to the last one. */
  readonly worse: number;
  /** First of them. */
  readonly onsetStep: number | null;
  /** Change of the training loss since the best evaluation; negative when it fell. */
  readonly trainChange: number;
  /** A task metric that became better after the best loss and has not stood still since, if any. */
  readonly improved: { readonly series: string; readonly from: number; readonly to: number } | null;
  /**
   * The log says that this is the first pass over the data, in which no batch was seen before: the training loss is then
   * an estimate of the held-out one, and cannot fall far below it.
   */
  readonly isFirstPass: boolean;
  /** Worse for long enough, with training loss falling, and not made good by a better task metric. */
  readonly isOverfitted: boolean;
}

/** Evaluations in a row that must be worse than the best by more than noise. SageMaker's patience of 1 fired on 2 of 8 runs that were fine. */
export const overfitPatience = 3;
/** While a task metric still improves, only a rise beyond this share of the best held-out loss counts. */
const alarmingShare = 1;
/** ... and of this share where the training loss is below a fiftieth of its start: what still improves is luck by then. */
const alarmingByHeart = 0.5;
const byHeartShare = 0.02;
/**
 * ... and of this share after many passes when the training loss is a quarter of the held-out one; of none when it is so in
 * the first pass, where confidence cannot come from examples that were seen before.
 */
const alarmingAfterPasses = 0.25;
const manyPasses = 20;
const gapShare = 0.25;

/** The margin over noise, and over the level: a rise of 2 % is no reason to stop anything. */
const marginSigmas = 4;
const marginShare = 0.03;
const turnedShare = 0.02;
/** A task metric improves when it gains more than this share of all it gained before, and more than its noise. */
const improvedShare = 0.02;
/** Evaluations that a task metric may stand still at its best before it no longer excuses a rising loss. */
const metricPatience = 5;

export const generalization = defineFact<Generalization>({
  id: "eval_loss",
  derive(_run, get) {
    const logged = get(evalLoss);
    if (logged === undefined) return undefined;
    const evals = finiteRows(logged);
    if (evals.length === 0) return undefined;
    let bestRow = 0;
    for (let i = 1; i < evals.length; i++) if (at(evals.value, i) < at(evals.value, bestRow)) bestRow = i;
    const best = { row: bestRow, step: at(evals.step, bestRow), value: at(evals.value, bestRow) };
    const noise = detrendedNoise(evals.value);
    const bar = best.value + Math.max(marginSigmas * noise, marginShare * Math.abs(best.value));
    let worse = 0;
    for (let i = evals.length - 1; i > bestRow && at(evals.value, i) > bar; i--) worse += 1;
    // Alarmed late, to be sure; dated back to where all evaluations since are worse, by the noise of one.
    const turned = best.value + Math.max(noise, turnedShare * Math.abs(best.value));
    let since = evals.length - worse;
    while (since - 1 > bestRow && at(evals.value, since - 1) > turned) since -= 1;
    const train = get(supervisedLoss);
    const end = evals.length - 1;
    const last = { step: at(evals.step, end), value: at(evals.value, end) };
    const improved = improvedSince(get(taskMetrics) ?? [], best.step);
    const isByHeart =
      train !== undefined && median(train.value.subarray(-5)) < byHeartShare * Math.abs(at(train.value, 0));
    const isFarBelow = train !== undefined && median(train.value.subarray(-5)) < gapShare * Math.abs(last.value);
    const passes = isFarBelow ? (get(epochs)?.starts.length ?? 0) : 0;
    const isSeenOften = passes >= manyPasses;
    const isFirstPass = passes === 1;
    const alarming = isFirstPass ? 0 : isSeenOften ? alarmingAfterPasses : isByHeart ? alarmingByHeart : alarmingShare;
    const trainChange = train === undefined ? Number.NaN : changeSince(train, best.step);
    return {
      evals,
      best,
      last,
      noise,
      worse,
      onsetStep: worse > 0 ? at(evals.step, since) : null,
      trainChange,
      improved,
      isFirstPass,
      isOverfitted:
        worse >= overfitPatience &&
        // When both losses rise it is divergence.
        trainChange < 0 &&
        (improved === null || last.value / best.value - 1 >= alarming),
    };
  },
});

/** Noise around the line between neighbours: a curve that turns smoothly has none. */
function detrendedNoise(values: Float64Array): number {
  if (values.length < 4) return 0;
  const bends = Float64Array.from({ length: values.length - 2 }, (_, i) =>
    Math.abs(at(values, i) - 2 * at(values, i + 1) + at(values, i + 2)),
  );
  // The second difference of independent noise has sqrt(6) times its standard deviation.
  return (1.4826 * median(bends)) / Math.sqrt(6);
}

function changeSince(train: Curve, step: number): number {
  const row = rowAtStep(train, step);
  const near = 5;
  const before = median(train.value.subarray(Math.max(0, row - near + 1), row + 1));
  return median(train.value.subarray(Math.max(0, train.length - near))) - before;
}

/**
 * A metric that became better after the best loss and has not stood still for long. One that never
 * gained, or gained for a while and stopped, excuses nothing.
 */
function improvedSince(metrics: readonly TaskMetric[], step: number): Generalization["improved"] {
  for (const metric of metrics) {
    const row = rowAtStep(metric, step);
    if (row < 0) continue;
    const sign = metric.higherIsBetter ? 1 : -1;
    const here = at(metric.value, row);
    const best = metric.value.subarray(row).reduce((a, b) => (sign * b > sign * a ? b : a), here);
    const margin = improvedShare * Math.abs(best - at(metric.value, 0)) + 2 * detrendedNoise(metric.value);
    if (!(sign * (best - here) > margin)) continue;
    let reached = row;
    while (sign * (best - at(metric.value, reached)) > margin) reached += 1;
    if (metric.length - 1 - reached < metricPatience)
      return { series: metric.series, from: here, to: at(metric.value, metric.length - 1) };
  }
  return null;
}
