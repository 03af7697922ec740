import type { LayerMatrix } from "../api/layers.ts";
import type { Extremes } from "../store/store.ts";

/** One row a layer; several series of one layer (ranks, phases) share it. `layerOf` is by index into `extremes.ids`. */
export function layerMatrix(extremes: Extremes, layerOf: readonly string[], reduce: "max" | "min"): LayerMatrix {
  const { steps, lastStep, series, column, nonFinite } = extremes;
  const layers = [...new Set(layerOf)];
  const rowOf = new Map(layers.map((layer, row) => [layer, row]));
  const width = steps.length;
  const cells = new Float64Array(layers.length * width).fill(Number.NaN);
  const lost = new Map<number, number>();
  const values = extremes[reduce];
  for (const [i, index] of series.entries()) {
    const cell = (rowOf.get(layerOf[index] ?? "") ?? 0) * width + (column[i] ?? 0);
    const value = values[i] ?? Number.NaN;
    const known = cells[cell] ?? Number.NaN;
    if (Number.isNaN(known) || (reduce === "max" ? value > known : value < known)) cells[cell] = value;
    const count = nonFinite[i] ?? 0;
    if (count > 0) lost.set(cell, (lost.get(cell) ?? 0) + count);
  }
  return {
    layers,
    steps: [...steps],
    lastStep: Number.isNaN(lastStep) ? null : lastStep,
    values: Array.from(cells, (value) => (Number.isNaN(value) ? null : Number(value.toPrecision(4)))),
    nonFinite: Array.from(lost, ([cell, count]) => ({ layer: Math.floor(cell / width), column: cell % width, count })),
  };
}
