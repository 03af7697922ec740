import { useEffect, useMemo, useRef } from "react";
import type { HeatScale } from "../../../charts/heat.ts";
import { paintLabels, paintProfile } from "../../../charts/paint-heat.ts";
import type { Scheme } from "../../../charts/palette.ts";
import { colours } from "../../../theme.ts";
import { blockOf, sharedPrefix, type HeatRow } from "./rows.ts";
import type { Stat } from "./stats.ts";

const labelHeight = 13;

/** Names of the rows. */
export function Labels({
  rows,
  rowHeight,
  width,
  marked,
  scheme,
}: {
  rows: readonly HeatRow[];
  rowHeight: number;
  width: number;
  marked: number;
  scheme: Scheme;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const labels = useMemo(() => labelsOf(rows, rowHeight, marked), [rows, rowHeight, marked]);
  useEffect(() => {
    if (canvas.current === null) return;
    const font = `11px ${getComputedStyle(canvas.current).fontFamily}`;
    const { text, muted, accent } = colours[scheme];
    paintLabels(
      canvas.current,
      { width, rowHeight, labels, rows: rows.length, font, tints: { text, muted, accent } },
      window.devicePixelRatio,
    );
  }, [labels, rows.length, rowHeight, width, scheme]);
  return <canvas className="heat-labels" ref={canvas} style={{ width, height: rows.length * rowHeight }} aria-hidden />;
}

/** Every row where there is room, else the first of each block that is far enough from the one above. */
function labelsOf(rows: readonly HeatRow[], rowHeight: number, marked: number) {
  const labels: { row: number; quiet: string; text: string; isMarked: boolean }[] = [];
  let above: string | undefined;
  let last = Number.NEGATIVE_INFINITY;
  rows.forEach(({ name }, row) => {
    const isMarked = row === marked;
    const begins = rowHeight >= labelHeight || blockOf(name) !== (above === undefined ? undefined : blockOf(above));
    const quiet = rowHeight >= labelHeight ? sharedPrefix(name, above) : "";
    above = name;
    // The marked row is always said; its neighbours make room for it.
    const isNear = marked >= 0 && !isMarked && Math.abs(row - marked) * rowHeight < labelHeight;
    if (!isMarked && (!begins || isNear || (row - last) * rowHeight < labelHeight)) return;
    if (!isMarked) last = row;
    const text = rowHeight >= labelHeight || isMarked ? name.slice(isMarked ? 0 : quiet.length) : blockOf(name);
    labels.push({ row, quiet: isMarked ? "" : quiet, text, isMarked });
  });
  return labels;
}

/** One step of the map by depth. */
export function Profile({
  stat,
  rows,
  column,
  scale,
  width,
  rowHeight,
  scheme,
}: {
  stat: Stat;
  rows: readonly HeatRow[];
  column: number;
  scale: HeatScale;
  width: number;
  rowHeight: number;
  scheme: Scheme;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    if (canvas.current === null) return;
    const { text, muted, line, accent, error, surface } = colours[scheme];
    paintProfile(
      canvas.current,
      {
        width,
        rowHeight,
        values: rows.map((row) => row.values[column] ?? null),
        bad: rows.map((row) => (row.nonFinite.get(column) ?? 0) > 0),
        scale,
        bounds: stat.bounds ?? [],
        tints: { text, muted, line, accent, error, band: surface },
      },
      window.devicePixelRatio,
    );
  }, [rows, column, scale, stat, width, rowHeight, scheme]);
  return (
    <canvas className="heat-profile" ref={canvas} style={{ width, height: rows.length * rowHeight }} aria-hidden />
  );
}
