import { at } from "../../base/statistics.ts";
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

/** Row from which on the loss is not finite up to its end; -1 when its last rows are finite. */
function firstLogged(curve: Curve): number {
  let row = curve.length;
  while (row > 0 && !Number.isFinite(at(curve.value, row - 1))) row -= 1;
  if (row === curve.length) return firstEpisode(curve);
  // Good rows between bad ones: the run was lost at the first of them when most of what follows is bad.
  const episode = firstEpisode(curve);
  return episode >= 0 && episode < row ? episode : row;
}

/** First row of a stretch of more than `recoveryRows` non-finite rows; -1 when there is none. */
function firstEpisode(curve: Curve): number {
  let start = -1;
  for (let i = 0; i < curve.length; i++) {
    if (Number.isFinite(at(curve.value, i))) start = -1;
    else {
      if (start < 0) start = i;
      if (i - start + 1 > recoveryRows) return start;
    }
  }
  return -1;
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
    return zero > 0 && long && at(curve.value, zero - 1) > smallestPlausibleLoss ? zero : -1;
  }
  const firstBadNorm = lastBadStretch(norms);
  if (firstBadNorm < 0) return -1;
  const badStep = at(norms.step, firstBadNorm);
  if (badStep > at(curve.step, curve.length - 1)) return -1;
  let row = zero;
  while (row > 0 && at(curve.step, row - 1) >= badStep) row -= 1;
  return row;
}

/** Start of the stretch of non-finite values that lasts to the end; -1 when the last value is finite. */
function lastBadStretch(curve: Curve): number {
  let row = curve.length;
  while (row > 0 && !Number.isFinite(at(curve.value, row - 1))) row -= 1;
  return row < curve.length ? row : -1;
}
