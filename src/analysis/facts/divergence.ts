import { at, median } from "../../base/statistics.ts";
import { defineFact } from "../fact.ts";
import { learningRate, type LearningRate } from "./learning-rate.ts";
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
export const isWarmUpRise = (shape: LossShape, excursion: Excursion, rate: LearningRate | null): boolean =>
  rate !== null &&
  rate.warmedUpAt !== null &&
  excursion.step <= afterWarmUp * rate.warmedUpAt &&
  excursion.peak.value <= nearStart * shape.initial;

/** Whether an excursion is no spike: open at the end, and not on its way back. */
export function isDiverged(shape: LossShape, excursion: Excursion, rate: LearningRate | null): boolean {
  if (excursion.endRow !== null || excursion.rows < patience) return false;
  if (excursion.rows < longRows && isWarmUpRise(shape, excursion, rate)) return false;
  const { rows, initial } = shape;
  const now = median(rows.value.subarray(Math.max(excursion.row, rows.length - patience)));
  const rise = now - excursion.before;
  if (harmOf(rise, initial, excursion.before) < lostShare) return false;
  return rise >= standingShare * (excursion.peak.value - excursion.before) || excursion.rows >= longRows;
}

export const divergence = defineFact<Divergence>({
  id: "divergence",
  derive(_run, get) {
    const shape = get(lossShape);
    if (shape === undefined) return undefined;
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
    if (jump !== undefined)
      return { kind: "jump", row: jump.row, step: jump.step, from: jump.before, peak: jump.peak, endStep: null };
    if (drift === null) return undefined;
    const { row } = drift;
    let peak = row;
    for (let i = row; i < rows.length; i++) if (at(rows.value, i) > at(rows.value, peak)) peak = i;
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
