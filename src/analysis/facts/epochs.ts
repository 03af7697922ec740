import { at } from "../../base/statistics.ts";
import { defineFact } from "../fact.ts";
import { defineFold } from "../fold.ts";
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

/** Steps at which a pass begins by the logged epoch, read as a count and read as a fraction. */
class Begins {
  isCounted = true;
  readonly counted = new Passes();
  readonly shared = new Passes();
}

class Passes {
  readonly steps: number[] = [];
  isInOrder = true;
  #last = Number.NEGATIVE_INFINITY;

  take(pass: number, step: number): void {
    if (pass === this.#last || Number.isNaN(pass)) return;
    if (pass < this.#last) this.isInOrder = false;
    this.steps.push(step);
    this.#last = pass;
  }
}

const beginsOf = defineFold<Begins>({
  start: () => new Begins(),
  advance(state, { step, value, length }, from) {
    for (let i = from; i < length; i++) {
      const epochs = at(value, i);
      if (!Number.isInteger(epochs)) state.isCounted = false;
      // A fraction tells how much was seen: 1.0 is the last row of the first pass. A whole number names the pass.
      state.counted.take(epochs, at(step, i));
      state.shared.take(Math.ceil(epochs - 1e-6) - 1, at(step, i));
    }
  },
});

export const epochs = defineFact<Epochs>({
  id: "epoch",
  derive(run, get) {
    const rows = get(supervisedLoss);
    const logged = longest(run.series(epoch));
    if (rows === undefined || logged === undefined) return undefined;
    const { isCounted, counted, shared } = beginsOf(whole(logged));
    const { isInOrder, steps } = isCounted ? counted : shared;
    // Steps that went back: the passes are no longer in order.
    if (!isInOrder) return undefined;
    // The row of an evaluation may carry the epoch as well; what counts is the first row of the loss from there on.
    const starts: number[] = [];
    for (const step of steps) {
      const row = rowBefore(rows, step - 1) + 1;
      if (row < rows.length && row !== starts.at(-1)) starts.push(row);
    }
    return starts.length === 0 ? undefined : { starts, whole: starts.length - 1 };
  },
  same: (before, now) =>
    before.starts.length === now.starts.length && before.starts.every((s, i) => s === now.starts[i]),
});
