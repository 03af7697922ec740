import { at } from "../../base/statistics.ts";
import { defineFact } from "../fact.ts";
import { gradNorm } from "./grad-norm.ts";
import { learningRate } from "./learning-rate.ts";
import { options } from "./options.ts";
import { levelOf } from "./stretch.ts";

/** How often gradient clipping sets in, once training is under way. */
export interface Clipping {
  readonly series: string;
  readonly limit: number;
  /** Rows after the warm-up, and the share of them above the limit. */
  readonly rows: number;
  readonly share: number;
  readonly firstStep: number;
  /** Their median norm, as a multiple of the limit. */
  readonly times: number;
  readonly norm: number;
}

/** Without a warm-up in the log the first tenth counts as one: gradients are largest there. */
const startShare = 0.1;

export const clipping = defineFact<Clipping>({
  id: "grad_norm and max_grad_norm",
  derive(_run, get) {
    const norms = get(gradNorm);
    const limit = get(options)?.number("max_grad_norm");
    if (norms === undefined || limit === undefined || !(limit > 0)) return undefined;
    const warmedUpAt = get(learningRate)?.warmedUpAt ?? null;
    let from = Math.floor(startShare * norms.length);
    while (warmedUpAt !== null && from < norms.length && at(norms.step, from) < warmedUpAt) from += 1;
    let over = 0;
    let rows = 0;
    for (let i = from; i < norms.length; i++) {
      if (!Number.isFinite(at(norms.value, i))) continue;
      rows += 1;
      if (at(norms.value, i) > limit) over += 1;
    }
    if (rows === 0) return undefined;
    const norm = levelOf(norms.value, from, norms.length);
    return {
      series: norms.series,
      limit,
      rows,
      share: over / rows,
      firstStep: at(norms.step, from),
      times: norm / limit,
      norm,
    };
  },
});
