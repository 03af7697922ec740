import type { LayerMatrix } from "../api/layers.ts";
import type { Buckets } from "../store/store.ts";

export interface LayerBuckets {
  readonly layer: string;
  readonly buckets: Buckets;
}

/**
 * Puts the curves of many layers into one matrix. Columns are the watched steps themselves while they fit, and equal
 * stretches of steps beyond that. Several series of one layer (ranks, phases) and several segments share its row.
 */
export function layerMatrix(curves: readonly LayerBuckets[], width: number, reduce: "max" | "min"): LayerMatrix {
  const layers = [...new Set(curves.map(({ layer }) => layer))];
  const rowOf = new Map(layers.map((layer, row) => [layer, row]));
  const distinct = new Set<number>();
  let last = Number.NEGATIVE_INFINITY;
  for (const { buckets } of curves) {
    for (let i = 0; i < buckets.count.length; i += 1) {
      distinct.add(stepOf(buckets, i));
      last = Math.max(last, endOf(buckets, i));
    }
  }
  const ascending = Float64Array.from(distinct).sort();
  const first = ascending[0] ?? 0;
  const size = ascending.length > width ? (last - first + 1) / width : 0;
  const columnOf = new Map<number, number>();
  const steps: number[] = [];
  let stretch = -1;
  for (const step of ascending) {
    const own = size === 0 ? steps.length : Math.floor((step - first) / size);
    if (own !== stretch) {
      steps.push(step);
      stretch = own;
    }
    columnOf.set(step, steps.length - 1);
  }
  const cells = new Float64Array(layers.length * steps.length).fill(Number.NaN);
  const bad = new Map<number, number>();
  for (const { layer, buckets } of curves) {
    const row = rowOf.get(layer) ?? 0;
    for (let i = 0; i < buckets.count.length; i += 1) {
      const cell = row * steps.length + (columnOf.get(stepOf(buckets, i)) ?? 0);
      const value = (reduce === "max" ? buckets.max[i] : buckets.min[i]) ?? Number.NaN;
      const known = cells[cell] ?? Number.NaN;
      if (Number.isNaN(known) || (reduce === "max" ? value > known : value < known)) cells[cell] = value;
      const lost = (buckets.nan[i] ?? 0) + (buckets.positiveInfinity[i] ?? 0) + (buckets.negativeInfinity[i] ?? 0);
      if (lost > 0) bad.set(cell, (bad.get(cell) ?? 0) + lost);
    }
  }
  return {
    layers,
    steps,
    lastStep: Number.isFinite(last) ? last : null,
    values: Array.from(cells, (value) => (Number.isFinite(value) ? Number(value.toPrecision(4)) : null)),
    nonFinite: Array.from(bad, ([cell, count]) => ({
      layer: Math.floor(cell / steps.length),
      column: cell % steps.length,
      count,
    })),
  };
}

/** A bucket without a finite value only knows the step of its first one that is not. */
function stepOf(buckets: Buckets, i: number): number {
  const first = buckets.firstStep[i] ?? Number.NaN;
  const lost = buckets.nonFiniteStep[i] ?? Number.NaN;
  if (Number.isNaN(first)) return lost;
  return Number.isNaN(lost) ? first : Math.min(first, lost);
}

function endOf(buckets: Buckets, i: number): number {
  const last = buckets.lastStep[i] ?? Number.NaN;
  const lost = buckets.nonFiniteStep[i] ?? Number.NaN;
  if (Number.isNaN(last)) return lost;
  return Number.isNaN(lost) ? last : Math.max(last, lost);
}
