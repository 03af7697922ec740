import { at, median } from "../../base/statistics.ts";
import { defineFact, type Fact } from "../fact.ts";
import * as signals from "../signals.ts";
import type { Signal } from "../signals.ts";
import { type Curve, whole } from "./curve.ts";

/** One statistic of one layer. Layers stand in the order in which they first appeared: the network's own. */
export interface LayerCurve extends Curve {
  readonly layer: string;
  /** Place in the network among the layers with this statistic, 0 at the input. */
  readonly depth: number;
  readonly labels: Readonly<Record<string, string>>;
}

/** All layers of one statistic, one curve a layer; of several ranks the first, which is a copy of the others where parameters are replicated. */
const layerStat = (signal: Signal): Fact<readonly LayerCurve[]> =>
  defineFact<readonly LayerCurve[]>({
    id: `${signal.id} (llmdbg.watch)`,
    derive(run) {
      const seen = new Map<string, LayerCurve>();
      for (const series of run.series(signal)) {
        const layer = series.labels["layer"] ?? "";
        if (series.length > 0 && !seen.has(layer))
          seen.set(layer, { ...whole(series), layer, depth: seen.size, labels: series.labels });
      }
      return seen.size === 0 ? undefined : [...seen.values()];
    },
  });

export const layerGradNorm = layerStat(signals.layerGradNorm);
export const layerGradRms = layerStat(signals.layerGradRms);
export const layerWeightNorm = layerStat(signals.layerWeightNorm);
export const layerUpdateRatio = layerStat(signals.layerUpdateRatio);
export const layerActivationStd = layerStat(signals.layerActivationStd);
export const layerActivationMax = layerStat(signals.layerActivationMax);
export const layerDeadShare = layerStat(signals.layerDeadShare);
export const layerSaturatedShare = layerStat(signals.layerSaturatedShare);
export const layerAttentionMax = layerStat(signals.layerAttentionMax);
export const layerAttentionEntropy = layerStat(signals.layerAttentionEntropy);

/** The curve of one layer, when it has this statistic. */
export const curveOf = (curves: readonly LayerCurve[] | null, layer: string): LayerCurve | null =>
  curves?.find((curve) => curve.layer === layer) ?? null;

/** Median of the rows in [from, to) that are finite; NaN when there are none. */
export function medianOf(curve: Curve, from: number, to = curve.length): number {
  return median(curve.value.subarray(Math.max(0, from), to).filter((value) => Number.isFinite(value)));
}

/** First rows of a layer that show how it began. */
const earlyRows = 3;
export const earlyLevel = (curve: Curve): number => medianOf(curve, 0, earlyRows);

export interface Stretch {
  /** First row of it. */
  readonly row: number;
  readonly rows: number;
}

/**
 * The stretch at the end of a curve in which a row is bad; single good rows within it do not end it.
 * Read from the end: a healthy layer costs one look. Rows that are not finite say nothing.
 */
export function endStretch(curve: Curve, isBad: (value: number, row: number) => boolean): Stretch | null {
  let first = -1;
  let bad = 0;
  let good = 0;
  for (let i = curve.length - 1; i >= 0; i--) {
    const value = at(curve.value, i);
    if (!Number.isFinite(value)) continue;
    if (isBad(value, i)) {
      first = i;
      bad += 1;
      good = 0;
    } else {
      good += 1;
      // The newest row has to be bad, and so have nine of ten.
      if (bad === 0 || good > 1 || bad < 9) break;
    }
  }
  return first < 0 ? null : { row: first, rows: bad };
}

/** Where a rise into a stretch began: the first row above a fifth of the way from `level` to `to`. */
export function riseBegins(curve: Curve, stretch: Stretch, level: number, to: number): number {
  const bar = level + 0.2 * (to - level);
  let row = stretch.row;
  while (row > 0 && at(curve.value, row - 1) > bar) row -= 1;
  return row;
}

/** `blocks.3.mlp.fc` and `blocks.7.mlp.fc` are one family: only alike layers are compared with each other. */
export const familyOf = (layer: string): string => layer.replaceAll(/(^|[._])\d+(?=$|[._])/g, "$1#");
