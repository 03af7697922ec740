import { at } from "../../base/statistics.ts";
import { defineFact } from "../fact.ts";
import { defineFold } from "../fold.ts";
import { evalLoss } from "./eval-loss.ts";
import { gradNorm } from "./grad-norm.ts";
import { layerActivationStd, layerUpdateRatio } from "./layers.ts";
import { learningRate } from "./learning-rate.ts";
import { options } from "./options.ts";
import { levelOf } from "./stretch.ts";

/** Whether the weights of a run move, as far as its log can tell. Always present; NaN is not known. */
export interface Motion {
  /** Level of grad_norm at the start and at the end. */
  readonly normFirst: number;
  readonly normLast: number;
  /** Share of the rows whose grad_norm is not finite; NaN when not logged. */
  readonly lostNorms: number;
  /** Held-out loss is the same number, to the digits of the log, at every evaluation: it is computed without dropout. */
  readonly isHeldConstant: boolean | null;
  readonly heldStep: number;
  readonly heldValue: number;
  /** Share of the watched layers whose parameters did not change at all in the last steps; NaN when not watched. */
  readonly stillShare: number;
  /** Largest update over weight of any layer. */
  readonly largestUpdate: number;
  /**
   * First logged step from which on the learning rate is below a thousandth of its peak, or below a fiftieth and the same
   * for half of the run; null when it is not.
   */
  readonly scheduleEnd: number | null;
  readonly scheduleEndShare: number;
  /**
   * Where that end begins: of a rate that fades away (an exponential that falls for steps, not for epochs) the first
   * logged step at a fiftieth of its peak. NaN when there is no end.
   */
  readonly scheduleFade: number;
  /** Rate from there on, and the largest that was logged or, before the first row, configured; NaN when there is no end. */
  readonly endRate: number;
  readonly peakRate: number;
  /** Smallest standard deviation of a layer's output at the first watched step. */
  readonly smallestStd: number;
}

const nearRows = 10;
/** Fewer evaluations could agree by rounding. */
const fewestEvals = 2;
/** Logs have four digits and more; a model that moves changes a mean over many tokens by more. */
const sameShare = 2e-5;
const endedShare = 1e-3;
const fadedShare = 0.02;
/** At less than a fiftieth and the same for half of the run: a schedule comes to its least rate with the end of a run. */
const restShare = 0.5;
/** From a fiftieth to a thousandth: an exponential takes three quarters as long as to the fiftieth, a cosine a tenth. */
const fadingShare = 0.3;

const lostIn = defineFold({
  start: () => ({ rows: 0 }),
  advance(state, { value, length }, from) {
    for (let i = from; i < length; i++) if (!Number.isFinite(value[i])) state.rows += 1;
  },
});

export const motion = defineFact<Motion>({
  id: "grad_norm, eval_loss or learning_rate",
  derive(_run, get) {
    const norms = get(gradNorm);
    const evals = get(evalLoss);
    const rate = get(learningRate);
    const updates = get(layerUpdateRatio) ?? [];
    const stds = get(layerActivationStd) ?? [];
    const last = updates.map((curve) => levelOf(curve.value, curve.length - 3, curve.length));
    // A rate that is down by half in the second row was higher before the first, as configured.
    const fell = rate !== undefined && rate.length > 1 && at(rate.value, 1) < 0.5 * at(rate.value, 0);
    const configured = fell ? (get(options)?.number("learning_rate") ?? 0) : 0;
    const peak = Math.max(rate?.peak ?? 0, configured);
    let end = rate?.length ?? 0;
    while (rate !== undefined && end > 0 && at(rate.value, end - 1) <= endedShare * peak) end -= 1;
    let fade = end;
    while (rate !== undefined && fade > 0 && at(rate.value, fade - 1) <= fadedShare * peak) fade -= 1;
    // Milestones that are all behind leave the rate where it is.
    const least = rate === undefined ? Number.NaN : at(rate.value, rate.length - 1);
    let rest = rate?.length ?? 0;
    while (rate !== undefined && rest > fade && at(rate.value, rest - 1) === least) rest -= 1;
    if (rate !== undefined && end === rate.length && rate.length - rest >= restShare * rate.length) end = rest;
    const hasEnded = rate !== undefined && rate.peak > 0 && end > 0 && end < rate.length;
    const from = rate === undefined ? Number.NaN : at(rate.step, 0);
    const to = rate === undefined ? Number.NaN : at(rate.step, rate.length - 1);
    return {
      normFirst: norms === undefined ? Number.NaN : levelOf(norms.value, 0, nearRows),
      normLast: norms === undefined ? Number.NaN : levelOf(norms.value, norms.length - nearRows, norms.length),
      lostNorms: norms === undefined ? Number.NaN : lostIn(norms).rows / norms.length,
      isHeldConstant:
        evals === undefined || evals.length < fewestEvals
          ? null
          : evals.value.every((value) => Math.abs(value / at(evals.value, 0) - 1) <= sameShare),
      heldStep: evals === undefined ? Number.NaN : at(evals.step, evals.length - 1),
      heldValue: evals === undefined ? Number.NaN : at(evals.value, evals.length - 1),
      stillShare: last.length === 0 ? Number.NaN : last.filter((ratio) => !(ratio > 0)).length / last.length,
      largestUpdate: last.length === 0 ? Number.NaN : last.reduce((a, b) => Math.max(a, b), 0),
      scheduleEnd: hasEnded ? at(rate.step, end) : null,
      scheduleEndShare: hasEnded ? (to - at(rate.step, end)) / (to - from) : 0,
      scheduleFade: hasEnded ? at(rate.step, end - fade >= fadingShare * fade ? fade : end) : Number.NaN,
      endRate: hasEnded ? at(rate.value, end) : Number.NaN,
      peakRate: rate === undefined ? Number.NaN : peak,
      smallestStd: stds.reduce((least, curve) => Math.min(least, at(curve.value, 0)), Number.POSITIVE_INFINITY),
    };
  },
});
