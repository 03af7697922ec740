import { compact } from "../format/number.ts";
import type { CurveData, CurveSegment, Mark, Polyline } from "./curve-data.ts";
import type { Ink } from "./palette.ts";
import type { Pen } from "./pen.ts";

export interface DrawnCurve {
  readonly key: string;
  readonly label: string;
  readonly ink: Ink;
  readonly data: CurveData;
}

/** A point that a finding names as evidence. */
export interface Highlight {
  readonly x: number;
  readonly y: number;
}

export interface Place {
  x(value: number): number;
  y(value: number): number;
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  /** Target pixels a CSS pixel. */
  readonly ratio: number;
}

export interface Tints {
  readonly text: string;
  readonly muted: string;
  readonly line: string;
  readonly error: string;
  readonly accent: string;
}

/** Draws curves and non-finite marks. The same for the page and for exported figures. */
export function paint(
  pen: Pen,
  place: Place,
  what: { curves: readonly DrawnCurve[]; smoothing: boolean; tints: Tints },
): void {
  const { curves, tints } = what;
  for (const { data, ink } of curves) {
    const last = data.segments.length - 1;
    data.segments.forEach((segment, index) => {
      // What came before a resume stays visible, but steps back.
      const strength = index === last ? 1 : 0.4;
      if (index > 0) resumeLine(pen, place, segment, tints.muted);
      const smooth = what.smoothing && segment.smooth.x.length > 0;
      const faint = smooth ? 0.28 : data.dense ? 0.6 : 1;
      stroke(pen, place, segment.line, { ...ink, width: data.dense ? 1 : 1.5, alpha: strength * faint });
      if (smooth) stroke(pen, place, segment.smooth, { ...ink, width: 1.75, alpha: strength });
      else if (data.dense) stroke(pen, place, segment.mean, { ...ink, width: 1.5, alpha: strength });
      if (!smooth && spacing(place, segment.line) >= dotSpacing) dots(pen, place, segment.line, ink.colour);
    });
  }
  for (const kind of ["nan", "+inf", "-inf"] as const) {
    const marks = curves.flatMap(({ data }) => data.marks.filter((mark) => mark.kind === kind));
    edgeMarks(pen, place, kind, marks, tints.error);
  }
}

/** Rings around points of evidence. Not clipped, so that one at the very start or end of a run is whole. */
export function paintHighlights(pen: Pen, place: Place, highlights: readonly Highlight[], tints: Tints): void {
  for (const { x, y } of highlights) {
    const px = place.x(x);
    if (px < place.left - 1 || px > place.left + place.width + 1) continue;
    const edge = Number.isNaN(y) ? place.top + place.height - 5 * place.ratio : place.y(y);
    pen.ring(px, Number.isFinite(y) || Number.isNaN(y) ? edge : place.top + 5, 6, tints.accent);
  }
}

/** Points at least this many CSS pixels apart are drawn as dots, too. */
const dotSpacing = 10;

/** CSS pixels between two neighbours, on average; a single point is far from everything. */
function spacing(place: Place, { x }: Polyline): number {
  const [first, last] = [x[0], x.at(-1)];
  if (first === undefined || last === undefined || x.length < 2) return dotSpacing;
  return (place.x(last) - place.x(first)) / place.ratio / (x.length - 1);
}

type Style = Parameters<Pen["line"]>[2];

function stroke(pen: Pen, place: Place, { x, y }: Polyline, style: Style): void {
  pen.line(
    x.map((value) => place.x(value)),
    y.map((value) => (Number.isNaN(value) ? value : place.y(value))),
    style,
  );
}

function dots(pen: Pen, place: Place, { x, y }: Polyline, colour: string): void {
  pen.dots(
    x.map((value) => place.x(value)),
    y.map((value) => (Number.isNaN(value) ? value : place.y(value))),
    2,
    colour,
  );
}

function resumeLine(pen: Pen, place: Place, { firstX }: CurveSegment, colour: string): void {
  if (Number.isNaN(firstX)) return;
  const x = place.x(firstX);
  pen.line([x, x], [place.top, place.top + place.height], { colour, dash: [2, 2], width: 1, alpha: 0.8 });
}

/** Symbols nearer than this many CSS pixels become one, with their count. */
const markSpacing = 9;

function edgeMarks(pen: Pen, place: Place, kind: Mark["kind"], marks: readonly Mark[], colour: string): void {
  const size = 7;
  const inset = 6 * place.ratio;
  const y = kind === "+inf" ? place.top + inset : place.top + place.height - inset;
  const groups: { x: number; end: number; count: number }[] = [];
  for (const { x, count } of marks.toSorted((a, b) => a.x - b.x)) {
    const px = place.x(x);
    if (px < place.left - 1 || px > place.left + place.width + 1) continue;
    const open = groups.at(-1);
    if (open !== undefined && px - open.end < markSpacing * place.ratio) {
      open.count += count;
      open.end = px;
    } else groups.push({ x: px, end: px, count });
  }
  const symbol = kind === "nan" ? "cross" : kind === "+inf" ? "up" : "down";
  groups.forEach((group, index) => {
    pen.symbol(symbol, group.x, y, size, colour);
    if (group.end > group.x) {
      pen.line([group.x, group.end], [y, y], { colour, dash: [], width: 1.5, alpha: 1 });
      pen.symbol(symbol, group.end, y, size, colour);
    }
    if (group.count < 2) return;
    const words = `${kind === "nan" ? "NaN" : kind === "+inf" ? "+Inf" : "−Inf"} ×${compact(group.count)}`;
    const room = (groups[index + 1]?.x ?? place.left + place.width) - group.end;
    const [width, gap] = [words.length * 6 * place.ratio, 8 * place.ratio];
    const style = { colour, size: 11 };
    if (room > width + gap) pen.text(group.end + gap, y, words, { ...style, align: "start" });
    else if (group.end - group.x > width)
      pen.text(group.end, y - 12 * place.ratio * (kind === "+inf" ? -1 : 1), words, { ...style, align: "end" });
  });
}
