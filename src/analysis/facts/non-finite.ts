import { at, median } from "../../base/statistics.ts";
import { defineFact } from "../fact.ts";
import type { Curve } from "./curve.ts";
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

/** Row from which on the loss is not finite up to its end or nearly so; -1 when single bad rows or short stretches were overcome. */
function firstLogged(curve: Curve): number {
  let first = -1;
  let bad = 0;
  let stretch = 0;
  for (let i = curve.length - 1; i >= 0; i--) {
    stretch = Number.isFinite(at(curve.value, i)) ? 0 : stretch + 1;
    if (stretch === 0) continue;
    bad += 1;
    if (i > 0 && !Number.isFinite(at(curve.value, i - 1))) continue;
    // Good rows between bad ones: the run was lost at the first stretch after which most rows are bad.
    const rest = curve.length - i;
    if ((stretch > recoveryRows || stretch === rest) && 2 * bad > rest) first = i;
  }
  return first;
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
