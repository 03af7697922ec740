import { useState } from "react";
import { grouped, short } from "../../../format/number.ts";
import type { HeatRow } from "./rows.ts";
import type { Stat } from "./stats.ts";

/** The map in words, for who cannot see or point at it; also quick to sort by eye. */
export function LayerTable({
  stat,
  rows,
  steps,
  openLayer,
}: {
  stat: Stat;
  rows: readonly HeatRow[];
  steps: readonly number[];
  openLayer: (layer: string, step: number | null) => void;
}) {
  const [open, setOpen] = useState(false);
  return (
    <details className="layer-table" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>The same as a table</summary>
      {open && (
        <div className="scroll-x">
          <table className="facts">
            <caption>
              {stat.title} of {grouped(rows.length)} layers
            </caption>
            <thead>
              <tr>
                <th scope="col">Layer</th>
                <th scope="col">First</th>
                <th scope="col">Last</th>
                <th scope="col">Smallest</th>
                <th scope="col">Largest</th>
                <th scope="col">at step</th>
                <th scope="col">Not finite</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => {
                const { first, last, least, most, at, lost } = summaryOf(row);
                return (
                  <tr key={row.name}>
                    <th scope="row">
                      <button
                        type="button"
                        className="link"
                        onClick={() => openLayer(row.layers[0] ?? row.name, steps[at] ?? null)}
                      >
                        {row.name}
                      </button>
                    </th>
                    <td>{short(first)}</td>
                    <td>{short(last)}</td>
                    <td>{short(least)}</td>
                    <td>{short(most)}</td>
                    <td>{at < 0 ? "" : grouped(steps[at] ?? 0)}</td>
                    <td className={lost > 0 ? "is-error" : undefined}>{lost === 0 ? "" : grouped(lost)}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}

function summaryOf({ values, nonFinite }: HeatRow) {
  let first: number | null = null;
  let last: number | null = null;
  let least: number | null = null;
  let most: number | null = null;
  let at = -1;
  values.forEach((value, column) => {
    if (value === null) return;
    first ??= value;
    last = value;
    if (least === null || value < least) least = value;
    if (most === null || value > most) [most, at] = [value, column];
  });
  return { first, last, least, most, at, lost: [...nonFinite.values()].reduce((sum, count) => sum + count, 0) };
}
