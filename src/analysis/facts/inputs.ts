import { at, median } from "../../base/statistics.ts";
import { defineFact, type RunView } from "../fact.ts";
import { inputAbsMax, inputMean, inputStd, type Signal } from "../signals.ts";
import { type Curve, finiteRows, longest, rowAtStep, whole } from "./curve.ts";

/** The scale of what the model is given: pixels, features, a series. Tokens have none. */
export interface Inputs {
  readonly std: Curve;
  /** At the first watched step; NaN when not watched. */
  readonly first: { readonly step: number; readonly mean: number; readonly std: number; readonly absMax: number };
  /** Layers and learning rates are made for inputs around 0 and of about 1. */
  readonly isScaled: boolean;
}

/** Normalised pixels and features stay within some standard deviations of 0; raw pixels reach 255, raw features thousands. */
const largestScaled = 30;
/** Inputs in [0, 1] have a mean of two or three deviations; a column of years or of prices is hundreds off. */
const farFromZero = 10;

export const inputs = defineFact<Inputs>({
  id: "input/std (llmdbg.watch)",
  derive(run) {
    const series = longest(run.series(inputStd));
    if (series === undefined) return undefined;
    const std = finiteRows(whole(series));
    if (std.length === 0) return undefined;
    const first = {
      step: at(std.step, 0),
      mean: firstOf(run, inputMean),
      std: at(std.value, 0),
      absMax: firstOf(run, inputAbsMax),
    };
    const isFar = first.std > 0 && Math.abs(first.mean) > farFromZero * first.std;
    return { std, first, isScaled: !(first.absMax > largestScaled) && !isFar };
  },
});

const firstOf = (run: RunView, signal: Signal): number => {
  const series = longest(run.series(signal));
  return series === undefined ? Number.NaN : at(series.value, 0);
};

/** Watched rows right after a step in which it may show: anomalies are watched from the next step on. */
const nearSteps = 3;

/** How many times wider (or narrower) the input scatters from `step` on than before; NaN when it was not watched there. */
export function inputChange({ std }: Inputs, step: number): number {
  const before = rowAtStep(std, step - 1);
  const here = before + 1;
  if (before < 0 || here >= std.length || at(std.step, here) > step + nearSteps) return Number.NaN;
  const usual = median(std.value.subarray(0, here));
  const now = at(std.value, here);
  return now > 0 && usual > 0 ? Math.max(now / usual, usual / now) : Number.NaN;
}
