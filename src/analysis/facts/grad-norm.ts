import { defineFact } from "../fact.ts";
import { gradNorm as gradNormSignal } from "../signals.ts";
import { type Curve, foremost, whole } from "./curve.ts";

/** Norm of the gradient over all parameters, before clipping in every trainer that is known here. */
export const gradNorm = defineFact<Curve>({
  id: "grad_norm",
  derive(run) {
    const series = foremost(run.series(gradNormSignal), gradNormSignal);
    return series === undefined ? undefined : whole(series);
  },
});
