import { useEffect, useMemo, useRef, useState, type KeyboardEvent, type PointerEvent } from "react";
import type { Severity } from "../../../../model/finding.ts";
import { bandRampOf, rampOf, zeroColour, type HeatScale } from "../../../charts/heat.ts";
import { columnEnd, paintHeat, xOfStep } from "../../../charts/paint-heat.ts";
import type { Scheme } from "../../../charts/palette.ts";
import { useScene } from "../../../charts/scene.ts";
import { ticks } from "../../../charts/ticks.ts";
import { useScheme } from "../../../charts/use-scheme.ts";
import { grouped } from "../../../format/number.ts";
import { colours } from "../../../theme.ts";
import { useWidth } from "../../../widgets/element-size.ts";
import { SeverityMark } from "../../../widgets/severity-mark.tsx";
import { Legend, Reading } from "./heat-legend.tsx";
import { Labels, Profile } from "./heat-sides.tsx";
import { columnAt, rowOfLayer, type HeatRow } from "./rows.ts";
import type { Stat } from "./stats.ts";

/** A finding with a place, pinned on the map. */
export interface HeatMark {
  readonly key: string;
  readonly severity: Severity;
  readonly title: string;
  readonly layer: string;
  readonly step: number;
  readonly active: boolean;
}

export interface Place {
  readonly row: number;
  readonly column: number;
}

interface HeatMapProps {
  readonly stat: Stat;
  readonly rows: readonly HeatRow[];
  readonly steps: readonly number[];
  readonly range: readonly [number, number];
  readonly scale: HeatScale;
  readonly marks: readonly HeatMark[];
  /** Layer and step of the cell that was clicked. */
  readonly selected: { readonly layer: string | undefined; readonly step: number | undefined };
  select(row: HeatRow, step: number): void;
  openMark(mark: HeatMark): void;
  zoomTo(from: number, to: number): void;
  resetZoom(): void;
}

/** As tall as the rows need, up to where a person scrolls rather than squints. */
const room = 600;
const rowHeights = { least: 2, most: 18 } as const;
/** Below this width there is no room for the profile beside the map. */
const wideFrom = 700;
const dragPixels = 6;
/** CSS pixels of a letter of a row's name, of the gap after it, and how much of the width names may take. */
const labels = { letter: 6.7, gap: 12, share: { wide: 0.3, narrow: 0.34 } } as const;

/** As wide as the longest name needs, while the map stays the larger part. */
function labelWidthOf(rows: readonly HeatRow[], width: number, isWide: boolean): number {
  const longest = rows.reduce((most, { name }) => Math.max(most, name.length), 0);
  const room = Math.floor(width * (isWide ? labels.share.wide : labels.share.narrow));
  return Math.max(80, Math.min(room, Math.ceil(longest * labels.letter + labels.gap)));
}

/** Layer by step, with the names on the left and one step as a profile by depth on the right. */
export function HeatMap(props: HeatMapProps) {
  const { stat, rows, steps, range, scale, marks, selected, select, openMark } = props;
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const scheme = useScheme();
  const { timeline, axis } = useScene();
  const [hover, setHover] = useState<Place | null>(null);
  const [cursor, setCursor] = useState<Place | null>(null);
  const dragFrom = useRef<number | null>(null);
  const [drag, setDrag] = useState<readonly [number, number] | null>(null);

  const isWide = width >= wideFrom;
  const labelWidth = labelWidthOf(rows, width, isWide);
  const profileWidth = isWide ? 160 : 0;
  const mapWidth = Math.max(40, width - labelWidth - profileWidth);
  const rowHeight = Math.min(rowHeights.most, Math.max(rowHeights.least, Math.floor(room / Math.max(1, rows.length))));
  const height = rows.length * rowHeight;
  const geometry = { steps, range, width: mapWidth };

  const place = hover ?? cursor;
  const selectedRow = rows.findIndex((row) => selected.layer !== undefined && row.layers.includes(selected.layer));
  const selectedColumn = selected.step === undefined ? -1 : columnAt(steps, selected.step);
  const shownColumn = place?.column ?? (selectedColumn >= 0 ? selectedColumn : lastKnown(rows, steps.length, scale));

  const at = (event: PointerEvent<HTMLElement>): Place => {
    const box = event.currentTarget.getBoundingClientRect();
    const step = range[0] + ((event.clientX - box.left) / Math.max(1, box.width)) * (range[1] - range[0]);
    return {
      row: Math.min(rows.length - 1, Math.max(0, Math.floor((event.clientY - box.top) / rowHeight))),
      column: Math.max(0, columnAt(steps, step)),
    };
  };
  const xIn = (event: PointerEvent<HTMLElement>): number => {
    const box = event.currentTarget.getBoundingClientRect();
    return Math.min(box.width, Math.max(0, event.clientX - box.left));
  };
  const stepAtX = (x: number): number => range[0] + (x / mapWidth) * (range[1] - range[0]);
  const goTo = (next: Place): void => {
    const held = {
      row: Math.min(rows.length - 1, Math.max(0, next.row)),
      column: Math.min(steps.length - 1, Math.max(0, next.column)),
    };
    setHover(null);
    setCursor(held);
    timeline.move(axis.fromStep(steps[held.column] ?? 0), "layers");
  };
  const pick = ({ row, column }: Place): void => {
    const one = rows[row];
    if (one !== undefined) select(one, steps[column] ?? 0);
  };
  const pressed = (event: KeyboardEvent): void => {
    const from = cursor ?? { row: Math.max(0, selectedRow), column: Math.max(0, shownColumn) };
    const next = moves[event.key]?.(from, steps.length);
    if (next !== undefined) goTo(next);
    else if (event.key === "Enter" || event.key === " ") pick(from);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <div className="heat" ref={frame}>
      <p className="heat-reading" aria-live="polite">
        {place === null ? (
          <span className="muted">
            {isWide
              ? "Point at a cell to read it, click it for the layer's curves; drag to zoom."
              : "Tap a cell to read it."}
          </span>
        ) : (
          <Reading stat={stat} row={rows[place.row]} column={place.column} steps={steps} range={range} />
        )}
      </p>
      {width > 0 && (
        <div className="heat-scroll">
          <div
            className="heat-body"
            style={{ gridTemplateColumns: `${labelWidth}px ${mapWidth}px ${profileWidth}px`, height }}
          >
            <Labels
              rows={rows}
              rowHeight={rowHeight}
              width={labelWidth}
              marked={place?.row ?? selectedRow}
              scheme={scheme}
            />
            <div
              className="heat-map"
              role="application"
              aria-roledescription="map"
              aria-label={`${stat.title}, ${rows.length} layers by ${steps.length} steps. Arrow keys move, Enter opens the layer's curves. The same as a table is below.`}
              tabIndex={0}
              onKeyDown={pressed}
              onBlur={() => setCursor(null)}
              onPointerMove={(event) => {
                if (dragFrom.current !== null) {
                  const x = xIn(event);
                  if (Math.abs(x - dragFrom.current) > dragPixels)
                    setDrag([Math.min(x, dragFrom.current), Math.max(x, dragFrom.current)]);
                }
                const next = at(event);
                setHover((before) => (before?.row === next.row && before.column === next.column ? before : next));
                timeline.move(axis.fromStep(steps[next.column] ?? 0), "layers");
              }}
              onPointerLeave={() => {
                setHover(null);
                timeline.move(null, "layers");
              }}
              onPointerDown={(event) => {
                if (event.button !== 0) return;
                dragFrom.current = xIn(event);
                if (event.pointerType === "mouse") event.currentTarget.setPointerCapture(event.pointerId);
              }}
              onPointerUp={(event) => {
                dragFrom.current = null;
                if (drag !== null) props.zoomTo(stepAtX(drag[0]), stepAtX(drag[1]));
                else if (event.button === 0) pick(at(event));
                setDrag(null);
              }}
              onPointerCancel={() => {
                dragFrom.current = null;
                setDrag(null);
              }}
              onDoubleClick={props.resetZoom}
            >
              <Cells {...props} width={mapWidth} rowHeight={rowHeight} scheme={scheme} />
              {selectedRow >= 0 && (
                <i className="heat-row is-selected" style={{ top: selectedRow * rowHeight, height: rowHeight }} />
              )}
              {place !== null && (
                <i
                  className="heat-cell"
                  style={{
                    top: place.row * rowHeight,
                    height: rowHeight,
                    left: xOfStep(geometry, steps[place.column] ?? 0),
                    width: Math.max(
                      2,
                      xOfStep(geometry, columnEnd(geometry, place.column)) -
                        xOfStep(geometry, steps[place.column] ?? 0),
                    ),
                  }}
                />
              )}
              {drag !== null && <i className="heat-drag" style={{ left: drag[0], width: drag[1] - drag[0] }} />}
            </div>
            {marks.map((mark) => {
              const row = rowOfLayer(rows, mark.layer);
              if (row < 0 || mark.step < range[0] || mark.step > range[1]) return null;
              return (
                <button
                  key={`${mark.key} ${mark.layer}`}
                  type="button"
                  className={`heat-mark is-${mark.severity}${mark.active ? " is-active" : ""}`}
                  style={{ left: labelWidth + xOfStep(geometry, mark.step), top: (row + 0.5) * rowHeight }}
                  title={`${mark.title}: ${mark.layer}, step ${grouped(mark.step)}`}
                  aria-label={`${mark.title} in ${mark.layer} at step ${mark.step}`}
                  onClick={() => openMark(mark)}
                >
                  <SeverityMark verdict={mark.severity} size={14} />
                </button>
              );
            })}
            {profileWidth > 0 && (
              <Profile
                stat={stat}
                rows={rows}
                column={shownColumn}
                scale={scale}
                width={profileWidth}
                rowHeight={rowHeight}
                scheme={scheme}
              />
            )}
          </div>
        </div>
      )}
      {width > 0 && (
        <div className="heat-axis" style={{ marginLeft: labelWidth, width: mapWidth + profileWidth }} aria-hidden>
          {ticksOf(geometry, profileWidth > 0).map((step) => (
            <span key={step} style={{ left: xOfStep(geometry, step) }}>
              {grouped(step)}
            </span>
          ))}
          <em style={{ left: mapWidth }}>
            {profileWidth > 0 ? `by depth, step ${grouped(steps[shownColumn] ?? 0)}` : ""}
          </em>
        </div>
      )}
      <Legend stat={stat} scale={scale} scheme={scheme} />
    </div>
  );
}

/** The words under the profile begin where the last tick would end. */
const ticksOf = (geometry: { range: readonly [number, number]; width: number }, hasProfile: boolean): number[] =>
  ticks(geometry.range[0], geometry.range[1], geometry.width / 90).filter(
    (step) => !hasProfile || xOfStep(geometry, step) < geometry.width - 28,
  );

/** The last step of which most layers have numbers to show. */
function lastKnown(rows: readonly HeatRow[], columns: number, scale: HeatScale): number {
  for (let column = columns - 1; column > 0; column -= 1) {
    const known = rows.filter(({ values }) => !Number.isNaN(scale.place(values[column] ?? Number.NaN)));
    if (2 * known.length > rows.length) return column;
  }
  return Math.max(0, columns - 1);
}

const moves: Readonly<Record<string, (from: Place, columns: number) => Place>> = {
  ArrowLeft: ({ row, column }) => ({ row, column: column - 1 }),
  ArrowRight: ({ row, column }) => ({ row, column: column + 1 }),
  ArrowUp: ({ row, column }) => ({ row: row - 1, column }),
  ArrowDown: ({ row, column }) => ({ row: row + 1, column }),
  PageUp: ({ row, column }) => ({ row: row - 10, column }),
  PageDown: ({ row, column }) => ({ row: row + 10, column }),
  Home: ({ row }) => ({ row, column: 0 }),
  End: ({ row }, columns) => ({ row, column: columns - 1 }),
};

function Cells({
  stat,
  rows,
  steps,
  range,
  scale,
  width,
  rowHeight,
  scheme,
}: HeatMapProps & { width: number; rowHeight: number; scheme: Scheme }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const ramp = useMemo(() => (scale.kind === "band" ? bandRampOf(scheme) : rampOf(scheme)), [scale.kind, scheme]);
  useEffect(() => {
    if (canvas.current === null) return;
    const { error, bg } = colours[scheme];
    const picture = {
      width,
      rowHeight,
      steps,
      range,
      rows,
      scale,
      ramp,
      zero: zeroColour[scheme],
      bad: error,
      onBad: bg,
    };
    paintHeat(canvas.current, { ...picture, isLowTelling: stat.reduce === "min" }, window.devicePixelRatio);
  }, [rows, steps, range, scale, ramp, width, rowHeight, scheme, stat.reduce]);
  return <canvas ref={canvas} style={{ width, height: rows.length * rowHeight }} aria-hidden />;
}
