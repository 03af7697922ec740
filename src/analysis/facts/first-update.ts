import { at, quantile } from "../../base/statistics.ts";
import { defineFact } from "../fact.ts";
import { layerUpdateRatio } from "./layers.ts";

/** How far the first watched update threw the weights. */
export interface FirstUpdate {
  readonly step: number;
  /** Three of four layers were changed by at least this share of their own weights. */
  readonly ratio: number;
  readonly layers: number;
}

/** The first watched step has to be one of the first of the run. */
const latestStep = 10;

export const firstUpdate = defineFact<FirstUpdate>({
  id: "layer/update_ratio (llmdbg.watch)",
  derive(_run, get) {
    const curves = get(layerUpdateRatio);
    const [first] = curves ?? [];
    if (curves === undefined || first === undefined || at(first.step, 0) > latestStep) return undefined;
    const ratios = curves.map((curve) => at(curve.value, 0)).filter((value) => Number.isFinite(value));
    if (ratios.length === 0) return undefined;
    return { step: at(first.step, 0), ratio: quantile(ratios, 0.25), layers: ratios.length };
  },
});
