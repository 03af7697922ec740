import { at, median } from "../../base/statistics.ts";
import { defineFact } from "../fact.ts";
import { type Curve, defineFold } from "../fold.ts";
import { gradNorm } from "./grad-norm.ts";
import { loss } from "./loss.ts";
import { objective } from "./trainer.ts";

/** Where the training numbers became useless for good. */
export interface LossOfNumbers {
  /** `logged`: the loss says so itself. `hidden`: the loss is logged as exactly 0 while the gradient norm is not a number. */
  readonly kind: "logged" | "hidden";
  /** First bad row of the loss. */
  readonly row: number;
  readonly step: number;
  /** Rows with a good loss before it. */
  readonly rowsBefore: number;
}

/**
 * A single non-finite row that is followed by this many good ones was a skipped step, not the end:
 * mixed-precision trainers skip the update when a gradient overflows.
 */
const recoveryRows = 1;
/** Without a gradient norm, a loss of exactly 0 must hold for this many rows to be no rounding of a small loss. */
const zeroRowsWithoutNorm = 3;
/** ... and the loss before must have been far above what rounds to 0 in a log of four digits. */
const smallestPlausibleLoss = 0.01;
/** Rows before a 0 that show the usual change from row to row. */
const paceRows = 20;

export const lossOfNumbers = defineFact<LossOfNumbers>({
  id: "non-finite loss",
  derive(_run, get) {
    const logged = get(loss);
    if (logged === undefined) return undefined;
    const norms = get(gradNorm);
    const row = firstLogged(logged);
    // A reinforcement surrogate of 0 is normal, so there only the gradient norm can tell.
    const zero = get(objective) === "reinforcement" && norms === undefined ? -1 : firstHidden(logged, norms);
    if (row < 0 && zero < 0) return undefined;
    const isHidden = zero >= 0 && (row < 0 || zero < row);
    const first = isHidden ? zero : row;
    return {
      kind: isHidden ? "hidden" : "logged",
      row: first,
      step: at(logged.step, first),
      rowsBefore: first,
    };
  },
});

/** Stretches of rows that are not finite. */
class Losses {
  bad = 0;
  /** Bad rows since the last good one. */
  stretch = 0;
  /** Where a stretch of more than `recoveryRows` began, and `first - 2 * (bad rows before it)`; only where that is larger than ever before. */
  readonly starts: number[] = [];
  readonly keys: number[] = [];
}

const losses = defineFold<Losses>({
  start: () => new Losses(),
  advance(state, { value, length }, from) {
    for (let i = from; i < length; i++) {
      if (Number.isFinite(at(value, i))) {
        state.stretch = 0;
        continue;
      }
      state.bad += 1;
      state.stretch += 1;
      if (state.stretch !== recoveryRows + 1) continue;
      const start = i - recoveryRows;
      const key = start - 2 * (state.bad - state.stretch);
      if (state.keys.length > 0 && key <= (state.keys.at(-1) ?? 0)) continue;
      state.starts.push(start);
      state.keys.push(key);
    }
  },
});

/** Row from which on the loss is not finite up to its end or nearly so; -1 when single bad rows or short stretches were overcome. */
function firstLogged(curve: Curve): number {
  const { bad, stretch, starts, keys } = losses(curve);
  // Good rows between bad ones: the run was lost at the first stretch after which most rows are bad. Of the rows from
  // `start` on, `bad - before` are bad and `length - start` are there; sorted by start, the keys grow.
  const bar = curve.length - 2 * bad;
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (at(keys, middle) > bar) high = middle;
    else low = middle + 1;
  }
  return starts[low] ?? (stretch > 0 ? curve.length - stretch : -1);
}

/**
 * First row at which the NaN began that the trainer then logged as 0. The row where it begins still
 * averages good steps, so its loss is not 0 yet, but its gradient norm is already NaN.
 */
function firstHidden(curve: Curve, norms: Curve | undefined): number {
  let zero = -1;
  for (let i = curve.length - 1; i >= 0 && at(curve.value, i) === 0; i--) zero = i;
  if (zero < 0) return -1;
  if (norms === undefined) {
    const long = curve.length - zero >= zeroRowsWithoutNorm;
    return zero > 0 && long && at(curve.value, zero - 1) > smallestPlausibleLoss && !glidesTo(zero, curve) ? zero : -1;
  }
  const firstBadNorm = lastBadStretch(norms);
  if (firstBadNorm < 0) return -1;
  const badStep = at(norms.step, firstBadNorm);
  if (badStep > at(curve.step, curve.length - 1)) return -1;
  let row = zero;
  while (row > 0 && at(curve.step, row - 1) >= badStep) row -= 1;
  return row;
}

/**
 * Whether the loss came down to row `zero` by its usual pace: a margin or a squared error may truly end at 0.
 * It must have been near 0 already, since a steep start has a pace that reaches anywhere.
 */
function glidesTo(zero: number, curve: Curve): boolean {
  const from = Math.max(0, zero - paceRows);
  const changes: number[] = [];
  for (let i = from + 1; i < zero; i++) changes.push(Math.abs(at(curve.value, i) - at(curve.value, i - 1)));
  const last = at(curve.value, zero - 1);
  return last < 0.05 * at(curve.value, 0) && last <= 2 * median(changes);
}

/** Start of the stretch of non-finite values that lasts to the end; -1 when the last value is finite. */
function lastBadStretch(curve: Curve): number {
  let row = curve.length;
  while (row > 0 && !Number.isFinite(at(curve.value, row - 1))) row -= 1;
  return row < curve.length ? row : -1;
}
