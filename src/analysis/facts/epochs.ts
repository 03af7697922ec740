import { at } from "../../base/statistics.ts";
import { defineFact } from "../fact.ts";
import { epoch } from "../signals.ts";
import { longest, rowBefore, whole } from "./curve.ts";
import { supervisedLoss } from "./supervised-loss.ts";

/** Where the passes over the training data begin among the rows of the loss. */
export interface Epochs {
  /** First row of each pass that was begun; ascending, the first is 0. */
  readonly starts: readonly number[];
  /** How far the last one came is not known; the ones before are whole. */
  readonly whole: number;
}

export const epochs = defineFact<Epochs>({
  id: "epoch",
  derive(run, get) {
    const rows = get(supervisedLoss);
    const logged = longest(run.series(epoch));
    if (rows === undefined || logged === undefined) return undefined;
    const curve = whole(logged);
    const isCounted = curve.value.every((value) => Number.isInteger(value));
    // A fraction tells how much was seen: 1.0 is the last row of the first pass. A whole number names the pass.
    const passOf = (value: number): number => (isCounted ? value : Math.ceil(value - 1e-6) - 1);
    const starts: number[] = [];
    let current = Number.NaN;
    for (let i = 0; i < rows.length; i++) {
      const place = rowBefore(curve, at(rows.step, i));
      // The row of an evaluation may carry the epoch as well; what counts is the one in force.
      const pass = passOf(at(curve.value, place));
      if (Number.isNaN(pass) || pass === current) continue;
      // Steps that went back: the passes are no longer in order.
      if (pass < current) return undefined;
      starts.push(i);
      current = pass;
    }
    return starts.length === 0 ? undefined : { starts, whole: starts.length - 1 };
  },
});
