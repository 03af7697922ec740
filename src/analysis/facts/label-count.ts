import { at } from "../../base/statistics.ts";
import { defineFact } from "../fact.ts";
import { defineFold } from "../fold.ts";
import { labelCount } from "../signals.ts";
import { longest, whole } from "./curve.ts";

/** How many labels the batches hold that the log shows: detectors print the instances of the last one of each epoch. */
export interface LabelCount {
  readonly series: string;
  readonly rows: number;
  /** Step of the first row. */
  readonly start: number;
  /** Rows whose batch holds none, and the step of the first of them. */
  readonly empty: number;
  readonly firstEmpty: number;
}

const emptyOf = defineFold({
  start: () => ({ empty: 0, firstEmpty: Number.NaN }),
  advance(state, { step, value, length }, from) {
    for (let i = from; i < length; i++) {
      if (at(value, i) !== 0) continue;
      if (state.empty === 0) state.firstEmpty = at(step, i);
      state.empty += 1;
    }
  },
});

export const labels = defineFact<LabelCount>({
  id: "number of labels in a batch",
  derive(run) {
    const counts = longest(run.series(labelCount));
    return counts === undefined
      ? undefined
      : { series: counts.id, rows: counts.length, start: at(counts.step, 0), ...emptyOf(whole(counts)) };
  },
});
