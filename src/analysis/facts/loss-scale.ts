import { defineFact } from "../fact.ts";
import { isBareScale } from "../names/optimization.ts";
import { lossScale as lossScaleSignal } from "../signals.ts";
import { type Curve, finiteRows, longest, whole } from "./curve.ts";

/** Dynamic loss scale of fp16 training. It halves at each overflow and doubles after a quiet period. */
export const lossScale = defineFact<Curve>({
  id: "loss_scale",
  derive(run) {
    const series = longest(
      run.series(lossScaleSignal).filter(({ name, value }) => !isBareScale(name) || value.every(isPowerOfTwo)),
    );
    return series === undefined ? undefined : finiteRows(whole(series));
  },
});

/** Scales of other things than the loss (logits, images) are not halved and doubled. */
const isPowerOfTwo = (value: number): boolean => value > 0 && Number.isInteger(Math.log2(value));
