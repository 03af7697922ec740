import { at, median } from "../../base/statistics.ts";
import { defineFact } from "../fact.ts";
import { type Curve, finiteRows, rowAtStep } from "./curve.ts";
import { evalLoss, taskMetrics } from "./eval-loss.ts";
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
  /** A task metric that became better after the best evaluation by more than its own noise, if any. */
  readonly improved: { readonly series: string; readonly from: number; readonly to: number } | null;
  /** Worse for long enough, with training loss falling, and not made good by a better task metric. */
  readonly isOverfitted: boolean;
}

/** Evaluations in a row that must be worse than the best by more than noise. SageMaker's patience of 1 fired on 2 of 8 runs that were fine. */
export const overfitPatience = 3;
/** While a task metric still improves, only a rise beyond this share of the best held-out loss counts. */
const alarmingShare = 1;

/** The margin over noise, and over the level: a rise of 2 % is no reason to stop anything. */
const marginSigmas = 4;
const marginShare = 0.03;
/** A task metric improved when it gained more than this share of all it gained before, and of its noise. */
const improvedShare = 0.05;

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
    const train = get(supervisedLoss);
    const end = evals.length - 1;
    const last = { step: at(evals.step, end), value: at(evals.value, end) };
    const improved = improvedSince(get(taskMetrics) ?? [], best.step);
    const trainChange = train === undefined ? Number.NaN : changeSince(train, best.step);
    return {
      evals,
      best,
      last,
      noise,
      worse,
      onsetStep: worse > 0 ? at(evals.step, evals.length - worse) : null,
      trainChange,
      improved,
      isOverfitted:
        worse >= overfitPatience &&
        // When both losses rise it is divergence.
        trainChange < 0 &&
        (improved === null || last.value / best.value - 1 >= alarmingShare),
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

function improvedSince(
  metrics: readonly (Curve & { readonly higherIsBetter: boolean })[],
  step: number,
): Generalization["improved"] {
  for (const metric of metrics) {
    const row = rowAtStep(metric, step);
    if (row < 0 || metric.length - row < 3) continue;
    const sign = metric.higherIsBetter ? 1 : -1;
    const here = at(metric.value, row);
    const now = median(metric.value.subarray(metric.length - 2));
    const gained = sign * (now - here);
    const noise = detrendedNoise(metric.value);
    const range = Math.abs(here - at(metric.value, 0));
    if (gained > Math.max(improvedShare * range, 2 * noise, 1e-9))
      return { series: metric.series, from: here, to: now };
  }
  return null;
}
