import { at } from "../../base/statistics.ts";
import { defineFact } from "../fact.ts";
import { defineFold } from "../fold.ts";
import { learningRate as learningRateSignal } from "../signals.ts";
import { type Curve, finiteRows, foremost, rowBefore, whole } from "./curve.ts";

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

const climb = defineFold<{ peak: number; peakRow: number; fallRow: number }>({
  start: () => ({ peak: 0, peakRow: 0, fallRow: Number.POSITIVE_INFINITY }),
  advance(state, { value, length }, from) {
    for (let i = from; i < length; i++) {
      const here = at(value, i);
      if (here > state.peak) {
        state.peak = here;
        state.peakRow = i;
      }
      if (i > 0 && i < state.fallRow && !(here >= at(value, i - 1))) state.fallRow = i;
    }
  },
});

export const learningRate = defineFact<LearningRate>({
  id: "learning_rate",
  derive(run) {
    const series = foremost(run.series(learningRateSignal), learningRateSignal);
    if (series === undefined) return undefined;
    const rows = finiteRows(whole(series));
    if (rows.length === 0) return undefined;
    const { peak, peakRow, fallRow } = climb(rows);
    const rises = peakRow > 0 && at(rows.value, 0) < warmUpStart * peak && fallRow > peakRow;
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
