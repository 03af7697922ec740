import { defineFact } from "../fact.ts";
import { mainFamily } from "./layer-gradients.ts";
import { earlyLevel, layerActivationStd } from "./layers.ts";

/** How the signal grows or shrinks through the network when training begins; only initialisation speaks here. */
export interface SignalGrowth {
  readonly first: { readonly layer: string; readonly std: number };
  readonly last: { readonly layer: string; readonly std: number };
  /** Standard deviation of the last layer's output over the first's, among alike layers. */
  readonly ratio: number;
}

export const signalGrowth = defineFact<SignalGrowth>({
  id: "layer/activation_std (llmdbg.watch)",
  derive(_run, get) {
    const curves = get(layerActivationStd);
    if (curves === undefined) return undefined;
    const levels = mainFamily(curves)
      .map((curve) => ({ layer: curve.layer, std: earlyLevel(curve) }))
      .filter(({ std }) => std > 0);
    const [first] = levels;
    const last = levels.at(-1);
    if (first === undefined || last === undefined || levels.length < 3) return undefined;
    return { first, last, ratio: last.std / first.std };
  },
});
