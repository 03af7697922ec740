import { at, median, noiseOfMedian } from "../../base/statistics.ts";
import { RunningMedian } from "../../base/running-median.ts";
import { defineFact } from "../fact.ts";
import { type Curve, defineFold } from "../fold.ts";
import { learningRate } from "./learning-rate.ts";
import { type Drift, findDrift } from "./loss-drift.ts";
import { type Excursion, findExcursions, levelRows } from "./loss-excursions.ts";
import { findLaunch, type Launch } from "./loss-launch.ts";
import { supervisedLoss } from "./supervised-loss.ts";

export { type Excursion, harmOf } from "./loss-excursions.ts";

export interface LossShape {
  readonly rows: Curve;
  /** Point-to-point noise, free of trend. */
  readonly noise: number;
  readonly initial: number;
  /** Median of the last rows. */
  readonly level: number;
  readonly excursions: readonly Excursion[];
  /** The loss left its start upwards in the first rows. */
  readonly launch: Launch | null;
  readonly drift: Drift | null;
}

/** Absolute differences of neighbours; see `noiseOf`. */
const differences = defineFold<{ readonly sizes: RunningMedian }>({
  start: () => ({ sizes: new RunningMedian() }),
  advance({ sizes }, { value, length }, from) {
    for (let i = Math.max(1, from); i < length; i++) sizes.push(Math.abs(at(value, i) - at(value, i - 1)));
  },
});

export const lossShape = defineFact<LossShape>({
  id: "loss of supervised training",
  derive(_run, get) {
    const rows = get(supervisedLoss);
    if (rows === undefined) return undefined;
    const initial = at(rows.value, 0);
    const noise = noiseOfMedian(differences(rows).sizes.median);
    const tail = rows.value.subarray(Math.max(0, rows.length - levelRows));
    return {
      rows,
      noise,
      initial,
      level: median(tail),
      excursions: findExcursions(rows, get(learningRate)),
      launch: findLaunch(rows, noise),
      drift: findDrift(rows, noise),
    };
  },
});
