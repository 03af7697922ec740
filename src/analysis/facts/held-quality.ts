import { at, median } from "../../base/statistics.ts";
import { defineFact, type RunView } from "../fact.ts";
import { isSolvable } from "../names/quality.ts";
import type { SeriesData } from "../run-data.ts";
import { trainLoss } from "../signals.ts";
import { foremost, rowBefore, whole } from "./curve.ts";
import { evalLoss, type TaskMetric, taskMetrics } from "./eval-loss.ts";
import { levelOf } from "./stretch.ts";

/**
 * What held-out data say where no loss is measured on them: detectors and many Keras and Hugging Face programs print
 * accuracy, F1 or mAP alone. What such a metric lacks to 1 is an error, and stands in for the held-out loss.
 */
export interface HeldQuality {
  /** The metric that came furthest. */
  readonly metric: TaskMetric;
  readonly value: number;
  readonly step: number;
  /** The least that any of the metrics lacks now, as a share of all. */
  readonly left: number;
  /** Of all metrics, how much of what was lacking in the middle of the run is lacking now: 1 is a standstill. */
  readonly kept: number;
  /** The training loss, all parts of it where no line has the whole: now and in the middle, as shares of its start. */
  readonly train: { readonly now: number; readonly middle: number; readonly series: readonly SeriesData[] };
  /** First step from which on the training loss is below `share` of its start. */
  readonly knownFrom: (share: number) => number;
}

/** A mean of two or three evaluations says nothing about a standstill. */
const fewestEvals = 6;
/** Rows of the training loss that say where it stands. */
const lastRows = 5;

export const heldQuality = defineFact<HeldQuality>({
  id: "accuracy, F1 or mAP of held-out data",
  derive(run, get) {
    if (get(evalLoss) !== undefined) return undefined;
    const shares = (get(taskMetrics) ?? []).flatMap((metric) => {
      const errors = isSolvable(metric.name) ? errorsOf(metric) : undefined;
      return errors === undefined ? [] : [{ metric, errors, left: levelOf(errors, errors.length - 2, errors.length) }];
    });
    const [first, ...others] = shares;
    const parts = partsOf(run);
    const [part] = parts;
    if (first === undefined || part === undefined) return undefined;
    const best = others.reduce((a, b) => (b.left < a.left ? b : a), first);
    const sums = Float64Array.from({ length: part.length }, (_, i) =>
      parts.reduce((sum, one) => sum + at(one.value, i), 0),
    );
    const start = at(sums, 0);
    const middleRow = Math.floor(best.errors.length / 2);
    const trainRow = Math.max(0, rowBefore(whole(part), at(best.metric.step, middleRow)));
    const near = Math.floor(lastRows / 2);
    const last = best.metric.length - 1;
    return {
      metric: best.metric,
      value: at(best.metric.value, last),
      step: at(best.metric.step, last),
      left: best.left,
      kept: Math.min(
        ...shares.map(({ errors, left }) => left / levelOf(errors, middle(errors) - 1, middle(errors) + 1)),
      ),
      train: {
        now: median(sums.subarray(-lastRows)) / start,
        middle: median(sums.subarray(Math.max(0, trainRow - near), trainRow + near + 1)) / start,
        series: parts,
      },
      knownFrom(share) {
        let row = sums.length - 1;
        while (row > 0 && at(sums, row - 1) < share * start) row -= 1;
        return at(part.step, row);
      },
    };
  },
});

const middle = (values: Float64Array): number => Math.floor(values.length / 2);

/** What a metric between 0 and 1, or 0 and 100 percent, lacks to its best; undefined of one that has no such bound. */
function errorsOf({ value, length, higherIsBetter }: TaskMetric): Float64Array | undefined {
  if (!higherIsBetter || length < fewestEvals) return undefined;
  const values = value.subarray(0, length);
  const highest = values.reduce((a, b) => Math.max(a, b), 0);
  const isShare = values.every((one) => one >= 0 && one <= 1);
  // A percentage that never came above 1 % reads as a share, and lacks nearly all either way.
  const isPercent = !isShare && highest <= 100 && values.every((one) => one >= 0);
  if (!isShare && !isPercent) return undefined;
  return values.map((one) => 1 - (isPercent ? one / 100 : one));
}

/** The loss, or all parts of it that are logged row by row beside each other. */
function partsOf(run: RunView): readonly SeriesData[] {
  const all = run.series(trainLoss);
  const loss = foremost(all, trainLoss);
  if (loss === undefined) return [];
  const rank = trainLoss.rank?.(loss.name) ?? 0;
  if (rank === 0) return [loss];
  return all.filter((one) => one.length === loss.length && trainLoss.rank?.(one.name) === rank);
}
