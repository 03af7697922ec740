import { at } from "../../base/statistics.ts";
import { defineFact } from "../fact.ts";
import { defineFold } from "../fold.ts";
import { gradGrowth } from "./grad-growth.ts";
import { layerGradNorm } from "./layers.ts";

/** Whether each step adds its gradient to those of all before, as when zero_grad is missing. */
export interface GradientSum {
  readonly isSum: boolean;
  /** What says so, or what speaks against it. */
  readonly sign: string;
  /** From where on it was a sum. */
  readonly step: number;
}

/** Rows in a row of one layer, each within this share of the one before: what one batch adds to a large sum. */
const keptShare = 0.02;
const keptRows = 4;
/**
 * Share of the layers. Gradients of batches scatter by tens of per cent: of the recorded runs 1 layer of 6 has four such
 * rows at most, with kept gradients 7 of 8 and more. A gradient of 0, of a unit that is dead, says nothing.
 */
const layerShare = 0.5;
const fewestLayers = 2;

export const gradientSum = defineFact<GradientSum>({
  id: "grad_norm or layer/grad_norm (llmdbg.watch)",
  derive(_run, get) {
    const growth = get(gradGrowth);
    if (growth?.isSum === true)
      return { isSum: true, sign: "grad_norm grows evenly from row to row, as a sum does", step: growth.step };
    const layers = (get(layerGradNorm) ?? []).filter(({ length }) => length >= keptRows);
    const kept = layers.filter((layer) => isKept(layer).isKept);
    const [first] = kept;
    if (first !== undefined && kept.length >= Math.max(fewestLayers, layerShare * layers.length))
      return {
        isSum: true,
        sign: `the gradients of ${kept.length} of ${layers.length} layers stay the same from batch to batch, as a sum of many does`,
        // A missing line of code is missing from the first step on.
        step: at(first.step, 0),
      };
    return growth === undefined
      ? undefined
      : { isSum: false, sign: "grad_norm does not grow like a sum", step: growth.step };
  },
});

/** Whether one layer's gradient had grown and then hardly changed. */
const isKept = defineFold({
  start: () => ({ rows: 1, isKept: false }),
  advance(state, { value, step, length }, from) {
    for (let i = Math.max(1, from); i < length && !state.isKept; i++) {
      const before = at(value, i - 1);
      const change = Math.abs(at(value, i) / before - 1);
      const isSame = before > at(value, 0) && at(step, i) > at(step, i - 1) && change < keptShare;
      state.rows = isSame ? state.rows + 1 : 1;
      state.isKept = state.rows >= keptRows;
    }
  },
});
