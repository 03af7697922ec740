import { at } from "../../base/statistics.ts";
import { defineFact } from "../fact.ts";
import { learningRate as learningRateSignal } from "../signals.ts";
import { type Curve, finiteRows, longest, rowBefore, whole } from "./curve.ts";

export interface LearningRate extends Curve {
  readonly peak: number;
  readonly peakStep: number;
  /** Step of the last row before which the rate only rose from a small start; null when it did not. */
  readonly warmedUpAt: number | null;
  /** Rate in force at a step; NaN before the first row. */
  atStep(step: number): number;
  /** Step of the row that says so, for evidence; NaN before the first row. */
  loggedAt(step: number): number;
}

/** A schedule warms up when it starts below this share of its peak. Schedules start at 0 or at peak/warm-up steps. */
const warmUpStart = 0.5;

export const learningRate = defineFact<LearningRate>({
  id: "learning_rate",
  derive(run) {
    const series = longest(run.series(learningRateSignal));
    if (series === undefined) return undefined;
    const rows = finiteRows(whole(series));
    if (rows.length === 0) return undefined;
    let peak = 0;
    let peakRow = 0;
    for (let i = 0; i < rows.length; i++)
      if (at(rows.value, i) > peak) {
        peak = at(rows.value, i);
        peakRow = i;
      }
    let rises = peakRow > 0 && at(rows.value, 0) < warmUpStart * peak;
    for (let i = 1; i <= peakRow && rises; i++) rises = at(rows.value, i) >= at(rows.value, i - 1);
    return {
      ...rows,
      peak,
      peakStep: at(rows.step, peakRow),
      warmedUpAt: rises ? at(rows.step, peakRow) : null,
      atStep: (step) => at(rows.value, rowBefore(rows, step)),
      loggedAt: (step) => at(rows.step, rowBefore(rows, step)),
    };
  },
});
