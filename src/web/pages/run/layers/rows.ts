import type { LayerMatrix } from "../../../../api/layers.ts";

/** One row of the map: a module, or a block with the extremes of its modules. */
export interface HeatRow {
  readonly name: string;
  readonly layers: readonly string[];
  readonly values: readonly (number | null)[];
  /** Numbers that are not finite, by column. */
  readonly nonFinite: ReadonlyMap<number, number>;
}

export type Detail = "modules" | "blocks" | "kinds";

/** `model.layers.3.mlp.fc` is of the block `model.layers.3`; a path without a number is of its first part. */
export function blockOf(layer: string): string {
  const parts = layer.split(".");
  const number = parts.findIndex((part) => /^\d+$/.test(part));
  return number < 0 ? (parts[0] ?? layer) : parts.slice(0, number + 1).join(".");
}

/** `model.layers.3.mlp.fc` is of the kind `model.layers.*.mlp.fc`. */
export const kindOf = (layer: string): string => layer.replaceAll(/(^|\.)\d+(?=\.|$)/g, "$1*");

/** Rows of the matrix; `kinds` puts layers of one kind beside each other, each group in depth order. */
export function rowsOf(matrix: LayerMatrix, detail: Detail, filter: string, reduce: "max" | "min"): HeatRow[] {
  const words = filter
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  const width = matrix.steps.length;
  const lost = new Map<number, Map<number, number>>();
  for (const { layer, column, count } of matrix.nonFinite) {
    const columns = lost.get(layer) ?? new Map<number, number>();
    lost.set(layer, columns.set(column, count));
  }
  const rows = matrix.layers.flatMap((name, i): HeatRow[] =>
    words.every((word) => name.toLowerCase().includes(word))
      ? [
          {
            name,
            layers: [name],
            values: matrix.values.slice(i * width, (i + 1) * width),
            nonFinite: lost.get(i) ?? new Map<number, number>(),
          },
        ]
      : [],
  );
  if (detail === "modules") return rows;
  const groups = new Map<string, HeatRow[]>();
  for (const row of rows) {
    const key = detail === "blocks" ? blockOf(row.name) : kindOf(row.name);
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  if (detail === "kinds") return [...groups.values()].flat();
  return [...groups].map(([name, members]) => mergeRows(name, members, width, reduce));
}

function mergeRows(name: string, members: readonly HeatRow[], width: number, reduce: "max" | "min"): HeatRow {
  const values = Array.from({ length: width }, (_none, column): number | null => {
    const known = members.flatMap((row) => row.values[column] ?? []);
    if (known.length === 0) return null;
    return reduce === "max" ? Math.max(...known) : Math.min(...known);
  });
  const nonFinite = new Map<number, number>();
  for (const row of members)
    for (const [column, count] of row.nonFinite) nonFinite.set(column, (nonFinite.get(column) ?? 0) + count);
  return { name, layers: members.flatMap((row) => row.layers), values, nonFinite };
}

/** What a path has in common with the one above it, up to a dot; said quietly, so that the eye sees what differs. */
export function sharedPrefix(name: string, above: string | undefined): string {
  if (above === undefined) return "";
  const [own, other] = [name.split("."), above.split(".")];
  let same = 0;
  while (same < own.length - 1 && own[same] === other[same]) same += 1;
  return same === 0 ? "" : `${own.slice(0, same).join(".")}.`;
}

/** The row of a layer, or of the first watched module inside it; -1 when there is neither. */
export function rowOfLayer(rows: readonly HeatRow[], layer: string): number {
  const own = rows.findIndex((row) => row.layers.includes(layer));
  return own >= 0 ? own : rows.findIndex((row) => row.layers.some((inner) => inner.startsWith(`${layer}.`)));
}

/** The column that holds a step; -1 before the first. */
export function columnAt(steps: readonly number[], step: number): number {
  let low = 0;
  let high = steps.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((steps[middle] ?? 0) <= step) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
