import uPlot from "uplot";
import { short } from "../format/number.ts";
import { tickText, type XAxis } from "./axis.ts";
import { padded, union } from "./curve-data.ts";
import { paint, paintHighlights, type DrawnCurve, type Highlight, type Place, type Tints } from "./paint.ts";
import { canvasPen } from "./pen.ts";

/**
 * A chart of curves on one canvas.
 *
 * uPlot owns scales, axes, grid, cursor and selection; the curves are painted by us, because buckets of
 * several series do not share x values, and because min/max, gaps, resumes and marks are not uPlot's lines.
 */
export interface Frame {
  readonly curves: readonly DrawnCurve[];
  /** What the x axis covers, in its own units. */
  readonly range: readonly [number, number];
  readonly highlights: readonly Highlight[];
  readonly smoothing: boolean;
}

/** What cannot change without building the chart anew. */
export interface Build {
  readonly axis: XAxis;
  readonly logX: boolean;
  readonly logY: boolean;
  readonly tints: Tints;
  readonly width: number;
  readonly height: number;
  /** Findings will be pinned above the plot. */
  readonly flagged: boolean;
}

export interface Gestures {
  zoom(from: number, to: number): void;
  reset(): void;
  /** `x` null: the pointer left. */
  hover(x: number | null): void;
  pick(x: number): void;
  /** Positions changed; things laid over the chart must move. */
  moved(): void;
}

export interface CurveChart {
  update(frame: Frame): void;
  resize(width: number, height: number): void;
  /** Shows the cursor of another chart. */
  point(x: number | null): void;
  /** CSS pixels from the left of the plot area. */
  leftOf(x: number): number;
  topOf(y: number): number;
  readonly plot: { readonly left: number; readonly top: number; readonly width: number; readonly height: number };
  readonly yRange: readonly [number, number];
  readonly canvas: HTMLCanvasElement;
  destroy(): void;
}

const emptyFrame: Frame = { curves: [], range: [0, 1], highlights: [], smoothing: false };
const font = '11px "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", Arial, sans-serif';

export function createCurve(host: HTMLElement, build: Build, gestures: Gestures): CurveChart {
  const { axis, logX, logY, tints } = build;
  let frame = emptyFrame;
  let yRange: [number, number] = [0, 1];

  const place = (u: uPlot): Place => ({
    x: (value) => u.valToPos(value, "x", true),
    y: (value) => u.valToPos(value, "y", true),
    left: u.bbox.left,
    top: u.bbox.top,
    width: u.bbox.width,
    height: u.bbox.height,
    ratio: uPlot.pxRatio,
  });

  const grid = { stroke: tints.line, width: 1 };
  const look = { stroke: tints.muted, font, grid, ticks: { show: false } };
  const u = new uPlot(
    {
      width: build.width,
      height: build.height,
      // Above the plot there is room for flags, right of it for half a tick label.
      padding: [build.flagged ? 18 : 8, 14, 0, 0],
      ms: 1,
      legend: { show: false },
      scales: {
        x: { time: axis.kind === "time", distr: logX ? 3 : 1, range: () => [frame.range[0], frame.range[1]] },
        y: { distr: logY ? 3 : 1, range: () => yRange },
      },
      axes: [
        {
          ...look,
          size: 24,
          gap: 4,
          space: 64,
          ...(axis.kind === "relative" ? { incrs: timeSteps } : {}),
          ...(axis.kind === "step" && !logX ? { incrs: wholeSteps } : {}),
          ...(axis.kind === "time"
            ? {}
            : { values: (_u, splits) => splits.map((x) => (x === null ? null : tickText(axis, x))) }),
        },
        {
          ...look,
          size: (_u, labels) => Math.max(labelRoom.least, longest(labels) * labelRoom.letter + labelRoom.around),
          gap: 6,
          space: 28,
          values: (_u, splits) => splits.map((y) => (y === null ? null : short(y))),
        },
      ],
      series: [{}, { show: false, scale: "y" }],
      cursor: {
        y: false,
        points: { show: false },
        drag: { x: true, y: false, setScale: false, dist: 4 },
        bind: {
          mousedown: (_u, _target, handler) => (event) => (event.shiftKey ? pan(event) : handler(event)),
          dblclick: () => () => {
            gestures.reset();
            return null;
          },
        },
      },
      hooks: {
        draw: [
          (self) => {
            const { ctx, bbox } = self;
            ctx.save();
            ctx.beginPath();
            ctx.rect(bbox.left, bbox.top - 2, bbox.width, bbox.height + 4);
            ctx.clip();
            paint(canvasPen(ctx, uPlot.pxRatio), place(self), { ...frame, tints });
            ctx.restore();
            // uPlot remembers what it set on the context, so nothing of ours may stay set.
            ctx.save();
            paintHighlights(canvasPen(ctx, uPlot.pxRatio), place(self), frame.highlights, tints);
            ctx.restore();
            gestures.moved();
          },
        ],
        setCursor: [
          (self) => {
            const left = self.cursor.left ?? -1;
            gestures.hover(left < 0 ? null : self.posToVal(left, "x"));
          },
        ],
        setSelect: [
          (self) => {
            const { left, width } = self.select;
            if (width < 4) return;
            const [from, to] = [self.posToVal(left, "x"), self.posToVal(left + width, "x")];
            self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            gestures.zoom(from, to);
          },
        ],
      },
    },
    [
      [0, 1],
      [null, null],
    ],
    host,
  );

  /** Shift and drag moves the range; the curves follow at once, the data when the button is let go. */
  function pan(down: MouseEvent): null {
    const [from, to] = frame.range;
    const perPixel = (to - from) / u.over.clientWidth;
    let shift = 0;
    const move = (event: MouseEvent): void => {
      shift = (down.clientX - event.clientX) * perPixel;
      frame = { ...frame, range: [from + shift, to + shift] };
      refresh();
    };
    const up = (): void => {
      window.removeEventListener("mousemove", move);
      window.removeEventListener("mouseup", up);
      if (shift !== 0) gestures.zoom(from + shift, to + shift);
    };
    window.addEventListener("mousemove", move);
    window.addEventListener("mouseup", up);
    return null;
  }

  let downAt: [number, number] = [0, 0];
  u.over.addEventListener("mousedown", (event) => (downAt = [event.clientX, event.clientY]));
  u.over.addEventListener("click", (event) => {
    const still = Math.hypot(event.clientX - downAt[0], event.clientY - downAt[1]) < 4;
    if (still && !event.shiftKey) gestures.pick(u.posToVal(event.clientX - u.over.getBoundingClientRect().left, "x"));
  });

  function refresh(): void {
    yRange = padded(union(frame.curves.map(({ data }) => data.y)), logY);
    u.setData([
      [frame.range[0], frame.range[1]],
      [null, null],
    ]);
  }

  return {
    update(next) {
      frame = next;
      refresh();
    },
    resize: (width, height) => u.setSize({ width, height }),
    point(x) {
      const left = x === null ? -10 : u.valToPos(x, "x");
      u.setCursor({ left: Number.isFinite(left) ? left : -10, top: 1 }, false);
    },
    leftOf: (x) => u.valToPos(x, "x"),
    topOf: (y) => u.valToPos(y, "y"),
    get plot() {
      // From uPlot's own figures: asking the element would force a layout at each redraw.
      const { left, top, width, height } = u.bbox;
      const ratio = uPlot.pxRatio;
      return { left: left / ratio, top: top / ratio, width: width / ratio, height: height / ratio };
    },
    get yRange() {
      return yRange;
    },
    canvas: u.ctx.canvas,
    destroy: () => u.destroy(),
  };
}

/** CSS pixels left of the plot: a letter of the axis' font, the gap and a border, and what most numbers need. */
const labelRoom = { letter: 6.3, around: 12, least: 50 } as const;
const longest = (labels: readonly (string | null)[] | null): number =>
  (labels ?? []).reduce((most, label) => Math.max(most, (label ?? "").length), 0);

const wholeSteps = Array.from({ length: 16 }, (_none, power) => [1, 2, 5].map((n) => n * 10 ** power)).flat();
const [s, min, h, d] = [1000, 60_000, 3_600_000, 86_400_000];
const timeSteps = [
  ...[1, 2, 5, 10, 15, 30].map((n) => n * s),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * min),
  ...[1, 2, 3, 6, 12].map((n) => n * h),
  ...[1, 2, 5, 10, 20, 50, 100].map((n) => n * d),
];
