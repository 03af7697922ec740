import { defineFact } from "../fact.ts";
import { lossScale as lossScaleSignal } from "../signals.ts";
import { type Curve, finiteRows, longest, whole } from "./curve.ts";

/** Dynamic loss scale of fp16 training. It halves at each overflow and doubles after a quiet period. */
export const lossScale = defineFact<Curve>({
  id: "loss_scale",
  derive(run) {
    const series = longest(run.series(lossScaleSignal));
    return series === undefined ? undefined : finiteRows(whole(series));
  },
});
