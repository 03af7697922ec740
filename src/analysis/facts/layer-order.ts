import { defineFact } from "../fact.ts";
import { layerActivationStd, layerGradNorm, layerGradRms, layerUpdateRatio, layerWeightNorm } from "./layers.ts";

/** Place of each layer in the network, 0 at the input: of the statistic that most layers have. */
export const layerOrder = defineFact<ReadonlyMap<string, number>>({
  id: "layer/weight_norm (llmdbg.watch)",
  derive(_run, get) {
    let best: readonly { readonly layer: string; readonly depth: number }[] = [];
    for (const fact of [layerActivationStd, layerWeightNorm, layerGradNorm, layerGradRms, layerUpdateRatio]) {
      const curves = get(fact) ?? [];
      if (curves.length > best.length) best = curves;
    }
    return best.length === 0 ? undefined : new Map(best.map(({ layer, depth }) => [layer, depth]));
  },
});
