import { useEffect, useMemo, useRef, useState, type KeyboardEvent, type RefObject } from "react";
import { full, short } from "../format/number.ts";
import { absolute } from "../format/time.ts";
import { SeverityMark } from "../widgets/severity-mark.tsx";
import type { CardCurve } from "./curve-card.tsx";
import { readingAt, type Reading } from "./curve-data.ts";
import { createCurve, type CurveChart } from "./curve.ts";
import type { DrawnCurve } from "./paint.ts";
import { useScene, type Scene } from "./scene.ts";

interface Tip {
  readonly left: number;
  readonly flipped: boolean;
  readonly heading: string;
  readonly rows: readonly { key: string; label: string; colour: string; text: string; title: string }[];
  readonly more: number;
}

const maxTipRows = 10;

/** The canvas with what lies over it: flags of findings, the tip under the pointer. */
export function CurvePlot({
  id,
  width,
  height,
  drawn,
  curves,
  reading,
  ready,
}: {
  id: string;
  width: number;
  height: number;
  drawn: readonly DrawnCurve[];
  curves: readonly CardCurve[];
  reading: RefObject<HTMLSpanElement | null>;
  ready: (chart: CurveChart | null) => void;
}) {
  const scene = useScene();
  const host = useRef<HTMLDivElement>(null);
  const overlay = useRef<HTMLDivElement>(null);
  const chart = useRef<CurveChart | null>(null);
  // Gestures and the shared cursor reach the latest props without building the chart anew.
  const latest = useRef({ scene, drawn, curves, width, height });
  latest.current = { scene, drawn, curves, width, height };
  const [tip, setTip] = useState<Tip | null>(null);

  const { axis, logX, logY, tints, range, smoothing, timeline, evidenced, flags } = scene;
  const flagged = flags.length > 0;
  const view = useMemo(() => (logX ? positive(range, drawn) : range), [logX, range, drawn]);
  const highlights = useMemo(
    () =>
      evidenced
        .filter((e) => curves.some((c) => c.run === e.run && c.series.id === e.series))
        .map((e) => ({ x: scene.axisOf(e.run).fromStep(e.step), y: e.value })),
    [evidenced, curves, scene],
  );

  useEffect(() => {
    if (host.current === null) return;
    const { scene: first, width: firstWidth, height: firstHeight } = latest.current;
    const created = createCurve(
      host.current,
      { axis: first.axis, logX, logY, tints, width: firstWidth, height: firstHeight, flagged },
      {
        zoom: (from, to) => latest.current.scene.zoomTo({ from, to }),
        reset: () => latest.current.scene.zoomTo(undefined),
        hover: (x) => timeline.move(x, id),
        pick: (x) => {
          const [first] = latest.current.curves;
          if (first !== undefined) latest.current.scene.pick(first.run, x);
        },
        moved: () => layFlags(overlay.current, chart.current),
      },
    );
    chart.current = created;
    ready(created);
    const lastValue = (): string =>
      latest.current.curves.length === 1 ? short(latest.current.curves[0]?.series.lastValue) : "";
    const stop = timeline.follow(() => {
      const { x, source } = timeline;
      if (source !== id) created.point(x);
      const readings = x === null ? [] : readAll(latest.current.drawn, x);
      if (reading.current !== null) {
        const [only] = readings;
        const single = readings.length === 1 && only !== undefined;
        reading.current.textContent = single ? short(valueOf(only.reading)) : x === null ? lastValue() : "";
      }
      setTip(
        x !== null && source === id
          ? tipOf(latest.current.scene.axis.text(x), readings, created.leftOf(x), created.plot)
          : null,
      );
    });
    return () => {
      stop();
      chart.current = null;
      ready(null);
      created.destroy();
    };
    // Size has its own effect; what an axis maps may change, what its ticks say only changes with its kind.
  }, [axis.kind, logX, logY, tints, timeline, id, reading, ready, flagged]);

  useEffect(() => chart.current?.resize(width, height), [width, height]);
  useEffect(() => layFlags(overlay.current, chart.current), [flags]);
  useEffect(() => {
    chart.current?.update({ curves: drawn, range: view, highlights, smoothing: smoothing > 0 });
  }, [drawn, view, highlights, smoothing, axis.kind, logX, logY, tints, flagged]);

  const own = flags.filter((flag) => curves.some(({ run }) => run === flag.run));
  return (
    <div
      className="curve-plot"
      tabIndex={0}
      role="group"
      aria-label="Curve; arrow keys move the cursor, Enter shows this moment"
      onKeyDown={(event) => moveByKey(event, { scene, drawn, id, run: curves[0]?.run })}
    >
      <div ref={host} />
      <div className="flags" ref={overlay}>
        {own.map((flag) => {
          const pointed = curves.some((c) => c.run === flag.run && flag.series.has(c.series.id));
          return (
            <button
              key={`${flag.run} ${flag.key}`}
              type="button"
              tabIndex={pointed ? 0 : -1}
              className={`flag is-${flag.severity}${pointed ? " is-pointed" : ""}${flag.active ? " is-active" : ""}`}
              data-x={scene.axisOf(flag.run).fromStep(flag.step)}
              title={`${flag.title} (step ${full(flag.step)})`}
              aria-label={`${flag.severity}: ${flag.title}, step ${full(flag.step)}`}
              onClick={() => scene.openFlag(flag.key)}
            >
              {pointed && <SeverityMark verdict={flag.severity} size={14} />}
            </button>
          );
        })}
      </div>
      {tip !== null && tip.rows.length > 0 && (
        <div className={`curve-tip${tip.flipped ? " is-flipped" : ""}`} style={{ left: tip.left }} role="status">
          <div className="tip-heading">{tip.heading}</div>
          {tip.rows.map((row) => (
            <div key={row.key} className="tip-row" title={row.title}>
              <i style={{ background: row.colour }} />
              <span>{row.label}</span>
              <b>{row.text}</b>
            </div>
          ))}
          {tip.more > 0 && <div className="tip-more">and {tip.more} more</div>}
        </div>
      )}
    </div>
  );
}

interface Read {
  readonly curve: DrawnCurve;
  readonly reading: Reading;
}

const readAll = (drawn: readonly DrawnCurve[], x: number): Read[] =>
  drawn.flatMap((curve) => {
    const found = readingAt(curve.data, x);
    return found === undefined ? [] : [{ curve, reading: found }];
  });

const valueOf = (r: Reading): number => (Number.isNaN(r.mean) ? r.nonFinite : r.mean);

function tipOf(
  heading: string,
  reads: readonly Read[],
  left: number,
  plot: { readonly left: number; readonly width: number },
): Tip {
  const sorted = reads.toSorted((a, b) => valueOf(b.reading) - valueOf(a.reading));
  const [first] = sorted;
  const time = first?.reading.time ?? null;
  return {
    left: plot.left + left,
    flipped: left > plot.width / 2,
    heading: `${first === undefined ? heading : `step ${full(first.reading.step)}`}${time === null ? "" : ` · ${absolute(time)}`}`,
    rows: sorted.slice(0, maxTipRows).map(({ curve, reading: r }) => ({
      key: curve.key,
      label: curve.label,
      colour: curve.ink.colour,
      text: rowText(r),
      title: full(valueOf(r)),
    })),
    more: Math.max(0, sorted.length - maxTipRows),
  };
}

function rowText(r: Reading): string {
  const smoothed = r.smoothed === null ? "" : `~${short(r.smoothed)} `;
  const spread = r.count > 1 && r.min < r.max ? ` (${short(r.min)} to ${short(r.max)}, ${r.count} points)` : "";
  return `${smoothed}${short(valueOf(r))}${spread}`;
}

/** Flags are laid by hand at each redraw, because their places follow the canvas and not React's state. */
function layFlags(overlay: HTMLDivElement | null, chart: CurveChart | null): void {
  if (overlay === null || chart === null || overlay.childElementCount === 0) return;
  const { left, top, width, height } = chart.plot;
  Object.assign(overlay.style, { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` });
  for (const flag of overlay.children) {
    if (!(flag instanceof HTMLElement)) continue;
    const x = chart.leftOf(Number(flag.dataset["x"]));
    flag.hidden = !(x >= -1 && x <= width + 1);
    flag.style.left = `${x}px`;
  }
}

/** A logarithmic x axis starts at the first positive value. */
function positive(range: readonly [number, number], drawn: readonly DrawnCurve[]): readonly [number, number] {
  if (range[0] > 0) return range;
  const first = Math.min(...drawn.map(({ data }) => data.x.min).filter((x) => x > 0));
  const from = Number.isFinite(first) ? first : 1;
  return [from, Math.max(range[1], from * 10)];
}

function moveByKey(
  event: KeyboardEvent,
  on: { scene: Scene; drawn: readonly DrawnCurve[]; id: string; run: string | undefined },
): void {
  const { scene, drawn, id, run } = on;
  const readings = drawn[0]?.data.readings ?? [];
  const at = scene.timeline.x;
  if (event.key === "Escape") scene.timeline.move(null, id);
  // Enter on a flag is the flag's own.
  if (event.key === "Enter" && at !== null && run !== undefined && !(event.target instanceof HTMLButtonElement))
    scene.pick(run, at);
  if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
  event.preventDefault();
  const nearest = at === null ? readings.length - 1 : nearestIndex(readings, at);
  const moved = at === null ? nearest : nearest + (event.key === "ArrowLeft" ? -1 : 1);
  const next = readings[Math.min(readings.length - 1, Math.max(0, moved))];
  if (next !== undefined) scene.timeline.move(next.x, id);
}

function nearestIndex(readings: readonly Reading[], x: number): number {
  let best = 0;
  readings.forEach((r, i) => {
    if (Math.abs(r.x - x) <= Math.abs((readings[best]?.x ?? 0) - x)) best = i;
  });
  return best;
}
