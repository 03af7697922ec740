import { at, median } from "../../base/statistics.ts";
import { defineFact } from "../fact.ts";
import { type Curve, finiteRows, rowBefore } from "./curve.ts";
import { evalLoss } from "./eval-loss.ts";
import { learningRate, type LearningRate } from "./learning-rate.ts";
import { fewestShortRows } from "./loss-drift.ts";
import { type Excursion, harmOf, type LossShape, lossShape } from "./loss-shape.ts";

/** A rise of the loss that did not come back. */
export interface Divergence {
  readonly kind: "launch" | "jump" | "drift";
  readonly row: number;
  readonly step: number;
  readonly from: number;
  readonly peak: { readonly step: number; readonly value: number };
  readonly endStep: number | null;
}

/** Rows after a jump before it is called a divergence; most spikes have turned by then. */
const patience = 5;
/** ... and it must still stand at half its height, or have left a fifth of the progress lost for this many rows. */
const standingShare = 0.5;
const longRows = 30;
/** Less harm than this is a change of the data, not a run that is being lost. */
const lostShare = 0.2;

/** A rise within the warm-up, or within half as long again, that stays near the first loss, is what a warm-up looks like. */
const afterWarmUp = 1.5;
const nearStart = 1.25;
export const isWarmUpRise = (shape: LossShape, { step, peak }: Excursion, rate: LearningRate | null): boolean =>
  isWithinWarmUp({ step, peak: peak.value }, shape, rate);

const isWithinWarmUp = (
  { step, peak }: { readonly step: number; readonly peak: number },
  { initial }: LossShape,
  rate: LearningRate | null,
): boolean =>
  rate !== null && rate.warmedUpAt !== null && step <= afterWarmUp * rate.warmedUpAt && peak <= nearStart * initial;

/** What rises ever faster stands at half its height only for its last rows, and is not on its way back. */
const isRising = ({ value, length }: Curve): boolean =>
  Array.from({ length: patience - 1 }, (_, i) => length - 1 - i).every((i) => at(value, i) > at(value, i - 1));

/** Whether an excursion is no spike: open at the end, and not on its way back. */
export function isDiverged(shape: LossShape, excursion: Excursion, rate: LearningRate | null): boolean {
  if (excursion.endRow !== null || excursion.rows < patience) return false;
  if (excursion.rows < longRows && isWarmUpRise(shape, excursion, rate)) return false;
  const { rows, initial } = shape;
  const now = median(rows.value.subarray(Math.max(excursion.row, rows.length - patience)));
  const rise = now - excursion.before;
  if (harmOf(rise, initial, excursion.before) < lostShare) return false;
  return (
    rise >= standingShare * (excursion.peak.value - excursion.before) || excursion.rows >= longRows || isRising(rows)
  );
}

/** A held-out loss that goes on falling by more than this share of its last value before the rise. */
const heldShare = 0.02;

/** A rise of the training loss beside held-out data on which the model goes on becoming better. */
export interface HarderData {
  readonly excursion: Excursion;
  readonly held: Curve;
  readonly before: number;
  readonly after: { readonly step: number; readonly value: number };
}

/**
 * What a model has learned shows on held-out data. Where its loss there is lower after the rise, in each evaluation, the
 * training data became harder: negatives that are mined, longer texts, a stronger augmentation. A loss far above that of
 * the untrained model is no harder task of the same kind.
 */
export const harderData = defineFact<HarderData>({
  id: "divergence and eval_loss",
  derive(_run, get) {
    const shape = get(lossShape);
    const logged = get(evalLoss);
    if (shape === undefined || logged === undefined || shape.launch !== null) return undefined;
    const rate = get(learningRate) ?? null;
    const excursion = shape.excursions.find((one) => isDiverged(shape, one, rate));
    if (excursion === undefined || excursion.peak.value > nearStart * shape.initial) return undefined;
    const held = finiteRows(logged);
    // An evaluation at the step of the rise was of the weights before it.
    const last = rowBefore(held, excursion.step - 1);
    const bar = (1 - heldShare) * at(held.value, last);
    const after = held.value.subarray(last + 1);
    if (last < 0 || after.length === 0 || !after.every((value) => value < bar)) return undefined;
    const end = held.length - 1;
    return {
      excursion,
      held,
      before: at(held.value, last),
      after: { step: at(held.step, end), value: at(held.value, end) },
    };
  },
});

export const divergence = defineFact<Divergence>({
  id: "divergence",
  derive(_run, get) {
    const shape = get(lossShape);
    if (shape === undefined || get(harderData) !== undefined) return undefined;
    const { launch, drift, rows } = shape;
    const rate = get(learningRate) ?? null;
    if (launch !== null)
      return {
        kind: "launch",
        row: launch.row,
        step: launch.step,
        from: shape.initial,
        peak: launch.peak,
        endStep: launch.endStep,
      };
    const jump = shape.excursions.find((excursion) => isDiverged(shape, excursion, rate));
    // Of a short log the rows tell where a rise began that stands out only later; blocks of a long one tell it less well.
    if (jump !== undefined && !(drift?.isByRows === true && drift.row < jump.row))
      return { kind: "jump", row: jump.row, step: jump.step, from: jump.before, peak: jump.peak, endStep: null };
    if (drift === null) return undefined;
    const { row } = drift;
    let peak = row;
    for (let i = row; i < rows.length; i++) if (at(rows.value, i) > at(rows.value, peak)) peak = i;
    const isOfFew = rows.length < fewestShortRows;
    if (isOfFew && isWithinWarmUp({ step: drift.step, peak: at(rows.value, peak) }, shape, rate)) return undefined;
    return {
      kind: "drift",
      row,
      step: drift.step,
      from: drift.from,
      peak: { step: at(rows.step, peak), value: at(rows.value, peak) },
      endStep: null,
    };
  },
});
