import { at, median } from "../../base/statistics.ts";
import { defineFact } from "../fact.ts";
import { layerUpdateRms } from "../signals.ts";
import { levelOf } from "./stretch.ts";

/** A layer whose gradients were far larger than Adam's second moment knew. */
export interface MomentLag {
  readonly series: string;
  readonly layer: string;
  readonly step: number;
  readonly value: number;
  readonly usual: number;
  /** Layers with the same at about that step. */
  readonly layers: number;
}

export interface UpdateRms {
  readonly layers: number;
  /** The first of each event, ascending by step. */
  readonly lags: readonly MomentLag[];
}

/**
 * sqrt(mean(g^2 / v)) is about 1 while the second moment is up to date. Wortsman et al. (arXiv 2304.13013, figure 9)
 * call 2.3 and more a spike, and see loss spikes 1 to 8 steps after it.
 */
const lagBar = 2.3;
/** ... and this many times the layer's own median, since small layers scatter. */
const lagFactor = 2;
const fewestRows = 8;
/** Steps within which layers are of one event. */
const nearSteps = 8;
/** The first rows have an empty second moment, whatever its bias correction. */
const firstRows = 3;

export const updateRms = defineFact<UpdateRms>({
  id: "layer/update_rms (llmdbg.watch)",
  derive(run) {
    const series = run.series(layerUpdateRms).filter(({ length }) => length >= fewestRows);
    if (series.length === 0) return undefined;
    const found: MomentLag[] = [];
    for (const one of series) {
      const usual = levelOf(one.value, firstRows, one.length);
      const bar = Math.max(lagBar, lagFactor * usual);
      for (let i = firstRows; i < one.length; i++)
        if (at(one.value, i) > bar && !(at(one.value, i - 1) > bar))
          found.push({
            series: one.id,
            layer: one.labels["layer"] ?? "",
            step: at(one.step, i),
            value: at(one.value, i),
            usual,
            layers: 1,
          });
    }
    found.sort((a, b) => a.step - b.step || b.value - a.value);
    const lags: MomentLag[] = [];
    for (const lag of found) {
      const event = lags.at(-1);
      if (event === undefined || lag.step - event.step > nearSteps) lags.push(lag);
      else
        lags[lags.length - 1] = {
          ...(lag.value > event.value ? { ...lag, step: event.step } : event),
          layers: event.layers + 1,
        };
    }
    return { layers: series.length, lags };
  },
});

/** Usual distance of two rows of a column of steps. */
export const stepsPerRow = (steps: Float64Array): number =>
  median(Float64Array.from({ length: Math.min(50, steps.length - 1) }, (_, i) => at(steps, i + 1) - at(steps, i)));
