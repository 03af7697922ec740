import { at, median } from "../../base/statistics.ts";
import { defineFact } from "../fact.ts";
import { type LayerCurve, familyOf, layerGradNorm, layerGradRms, medianOf } from "./layers.ts";
import { rowBefore } from "./curve.ts";

export interface LayerLevel {
  readonly layer: string;
  readonly value: number;
}

/** The layer whose gradient left its own band first. */
export interface LayerExplosion extends LayerLevel {
  readonly series: string;
  readonly step: number;
  /** Its median before. */
  readonly usual: number;
}

/** How the gradient shrinks on its way from the output to the input. */
export interface GradientFall {
  /** Where most of it is lost; the first layer when it is lost evenly. */
  readonly layer: string;
  readonly series: string;
  readonly first: LayerLevel;
  readonly last: LayerLevel;
  /** Gradient of the first layer over that of the last. */
  readonly ratio: number;
  /** Median gradient of the first third of all layers over that of the last third, by watched row; Infinity where unknown. */
  readonly byRow: readonly { readonly step: number; readonly ratio: number }[];
  readonly isSudden: boolean;
}

/** Gradients by depth, for rules that found by other means that a gradient explodes or vanishes and want to say where. */
export interface LayerGradients {
  readonly curves: readonly LayerCurve[];
  explosionNear(step: number): LayerExplosion | null;
  /** Null when fewer than three alike layers are watched, or it does not shrink. */
  fall(): GradientFall | null;
}

/** Rows of a layer before and after a step that still belong to the event there. */
const rowsBefore = 10;
const rowsAfter = 2;
const bandRows = 32;
const fewestBandRows = 3;
/** Out of a layer's own band: the factor of `gradShape`, whose sigma needs more rows than a layer has. */
const bandFactor = 4;
/** Rows at the end that say how large a layer's gradient is. */
const levelRows = 32;

export const layerGradients = defineFact<LayerGradients>({
  id: "layer/grad_norm (llmdbg.watch)",
  derive(_run, get) {
    // A root mean square does not grow with the number of parameters, so that layers compare.
    const curves = get(layerGradRms) ?? get(layerGradNorm);
    if (curves === undefined) return undefined;
    // Only a loss that stands still asks for it.
    let fall: GradientFall | null | undefined;
    return {
      curves,
      explosionNear: (step) => explosionNear(curves, step),
      fall: () => (fall === undefined ? (fall = fallOf(curves)) : fall),
    };
  },
});

function explosionNear(curves: readonly LayerCurve[], step: number): LayerExplosion | null {
  let first: LayerExplosion | null = null;
  let ratio = 0;
  for (const curve of curves) {
    const here = rowBefore(curve, step);
    const from = Math.max(fewestBandRows, here - rowsBefore);
    const usual = medianOf(curve, from - bandRows, from);
    if (!(usual > 0)) continue;
    for (let row = from; row <= Math.min(here + rowsAfter, curve.length - 1); row++) {
      const value = at(curve.value, row);
      const size = Number.isFinite(value) ? value / usual : Number.POSITIVE_INFINITY;
      if (size < bandFactor) continue;
      const there = at(curve.step, row);
      if (first === null || there < first.step || (there === first.step && size > ratio)) {
        first = { layer: curve.layer, series: curve.series, value, usual, step: there };
        ratio = size;
      }
      break;
    }
  }
  return first;
}

/** The largest family of alike layers, in depth order: a norm's gradient is no measure for a matrix's. */
export function mainFamily<T extends { readonly layer: string }>(curves: readonly T[]): readonly T[] {
  const families = new Map<string, T[]>();
  for (const curve of curves) {
    const family = familyOf(curve.layer);
    families.set(family, [...(families.get(family) ?? []), curve]);
  }
  let best: readonly T[] = [];
  for (const members of families.values()) if (members.length > best.length) best = members;
  return best.length >= 3 ? best : curves;
}

function fallOf(curves: readonly LayerCurve[]): GradientFall | null {
  const levels = mainFamily(curves)
    .map((curve) => ({ curve, value: medianOf(curve, curve.length - levelRows) }))
    .filter(({ value }) => value > 0);
  const [first] = levels;
  const last = levels.at(-1);
  if (first === undefined || last === undefined || levels.length < 3 || first.value >= last.value) return null;
  const total = Math.log(last.value / first.value);
  let sharpest = { place: first, size: 0 };
  for (const [i, place] of levels.entries()) {
    const before = levels[i - 1];
    if (before === undefined) continue;
    const size = Math.log(place.value / before.value);
    if (size > sharpest.size) sharpest = { place, size };
  }
  // What a layer passes down is what the one below it gets: the fall from layer to layer is made by the upper one.
  const isSudden = sharpest.size > total / 2;
  // What is lost evenly ends at the input, whatever kind of layer stands there.
  const input = curves.find((curve) => medianOf(curve, curve.length - levelRows) > 0) ?? first.curve;
  const curve = isSudden ? sharpest.place.curve : input;
  return {
    layer: curve.layer,
    series: curve.series,
    first: { layer: first.curve.layer, value: first.value },
    last: { layer: last.curve.layer, value: last.value },
    ratio: first.value / last.value,
    byRow: ratiosOf(curves),
    isSudden,
  };
}

/** Norms and embeddings have gradients of other sizes than matrices; the median of a third of the network does not mind. */
function ratiosOf(curves: readonly LayerCurve[]): GradientFall["byRow"] {
  const third = Math.floor(curves.length / 3);
  const [longest] = curves.toSorted((a, b) => b.length - a.length);
  if (third < 1 || longest === undefined) return [];
  const levelAt = (some: readonly LayerCurve[], step: number): number =>
    median(
      some.flatMap((curve) => {
        const row = rowBefore(curve, step);
        return row >= 0 && at(curve.value, row) > 0 ? [at(curve.value, row)] : [];
      }),
    );
  const from = Math.max(0, longest.length - levelRows);
  const rows = [
    ...new Set([
      ...Array.from({ length: Math.min(levelRows, longest.length) }, (_, i) => i),
      ...Array.from({ length: longest.length - from }, (_, i) => from + i),
    ]),
  ];
  return rows.map((row) => {
    const step = at(longest.step, row);
    const ratio = levelAt(curves.slice(0, third), step) / levelAt(curves.slice(-third), step);
    return { step, ratio: Number.isNaN(ratio) ? Number.POSITIVE_INFINITY : ratio };
  });
}
