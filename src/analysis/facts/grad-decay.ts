import { at } from "../../base/statistics.ts";
import { defineFact } from "../fact.ts";
import type { Curve } from "./curve.ts";
import { gradNorm } from "./grad-norm.ts";
import { levelOf } from "./stretch.ts";

/** The gradient norm at the end against its own early level. */
export interface GradDecay {
  readonly rows: Curve;
  readonly early: number;
  readonly late: number;
  /** First row of the last stretch that is all far below the early level; null when there is none. */
  readonly onsetRow: number | null;
}

const nearRows = 10;
const fewestRows = 30;
/**
 * Three decades below its own start. Gradients of runs that train change by less than a factor of 30 between
 * the early rows and the end (the recorded runs, and OLMo#596); AutoTrainer calls it vanishing below 1e-4 in the mean.
 */
export const vanishedShare = 1e-3;
/** The stretch begins where the norm stays below this share: a collapse passes it on its way. */
const fallingShare = 0.03;

export const gradDecay = defineFact<GradDecay>({
  id: "grad_norm",
  derive(_run, get) {
    const rows = get(gradNorm);
    if (rows === undefined || rows.length < fewestRows) return undefined;
    const early = levelOf(rows.value, 0, nearRows);
    const late = levelOf(rows.value, rows.length - nearRows, rows.length);
    let onset = rows.length;
    while (onset > 0 && at(rows.value, onset - 1) < fallingShare * early) onset -= 1;
    return { rows, early, late, onsetRow: onset < rows.length ? onset : null };
  },
});
