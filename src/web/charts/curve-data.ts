import type { BucketColumns } from "../../api/points.ts";

/**
 * Turns the columns of /buckets into what is drawn, in units of the axes. Pure.
 *
 * A bucket becomes up to four points in the order of their steps: first, min, max, last (M4). Joined by a
 * line one pixel wide they cover the same pixels as all raw points would, so a single-step spike is always there.
 */
export interface Polyline {
  readonly x: readonly number[];
  /** NaN breaks the line. */
  readonly y: readonly number[];
}

export interface CurveSegment {
  readonly segment: number;
  readonly firstX: number;
  readonly line: Polyline;
  /** Mean of each bucket; empty where the line itself shows every point. */
  readonly mean: Polyline;
  readonly smooth: Polyline;
}

export type NonFinite = "nan" | "+inf" | "-inf";

/** Values that have no place on the y axis, marked at its edge. */
export interface Mark {
  readonly kind: NonFinite;
  readonly x: number;
  readonly step: number;
  readonly count: number;
}

/** One bucket under the cursor. `min` and `max` are NaN when none of its values is finite. */
export interface Reading {
  readonly x: number;
  readonly step: number;
  readonly time: number | null;
  readonly count: number;
  readonly mean: number;
  readonly min: number;
  readonly max: number;
  readonly smoothed: number | null;
  /** What the values are when `mean` is NaN. */
  readonly nonFinite: number;
}

export interface CurveData {
  readonly segments: readonly CurveSegment[];
  readonly marks: readonly Mark[];
  /** In order of arrival; within a segment ascending in x. */
  readonly readings: readonly Reading[];
  /** Raw points behind the curve. */
  readonly points: number;
  readonly dense: boolean;
  /** Values left out because a logarithmic axis has no place for them: at least this many. */
  readonly dropped: number;
  /** Points left out because they have no place on this x axis: no wall time, or no token count. */
  readonly placeless: number;
  readonly x: Extent;
  readonly y: Extent;
}

/** Empty when min > max. */
export interface Extent {
  readonly min: number;
  readonly max: number;
}

/** Where a point lies on the x axis; NaN when it has no place there. */
export type XOf = (step: number, time: number) => number;

export interface CurveOptions {
  readonly xOf: XOf;
  readonly logX: boolean;
  readonly logY: boolean;
}

const none = Number.NaN;
const num = (column: readonly (number | null)[] | undefined, i: number): number => column?.[i] ?? none;

export function curveData(columns: BucketColumns, { xOf, logX, logY }: CurveOptions): CurveData {
  const segments: Mutable[] = [];
  const marks: Mark[] = [];
  const readings: Reading[] = [];
  const x = new Range();
  const y = new Range();
  let [dropped, placeless, reached] = [0, 0, Number.NEGATIVE_INFINITY];
  const dense = columns.count.some((count) => count > 2);

  for (let i = 0; i < columns.count.length; i += 1) {
    const step = (column: "minStep" | "maxStep" | "firstStep" | "lastStep"): number => num(columns[column], i);
    const count = columns.count[i] ?? 0;
    const [nan, plus, minus] = [
      columns.nan[i] ?? 0,
      columns.positiveInfinity[i] ?? 0,
      columns.negativeInfinity[i] ?? 0,
    ];
    const finite = count - nan - plus - minus;
    const timeAt = (at: number): number => timeInside(columns, i, at);
    const place = (at: number): number => {
      const value = xOf(at, timeAt(at));
      return logX && value <= 0 ? none : value;
    };

    const segment = columns.segment[i] ?? 0;
    let open = segments.at(-1);
    // A step that is only repeated (a trainer's last row, an evaluation at the same step) resumes nothing.
    const back = startOf(columns, i) < reached;
    if (open === undefined || (open.segment !== segment && back)) {
      segments.push((open = startSegment(segment)));
      reached = Number.NEGATIVE_INFINITY;
    }
    for (const at of [step("lastStep"), num(columns.nonFiniteStep, i)]) if (at > reached) reached = at;

    const [min, max] = [num(columns.min, i), num(columns.max, i)];
    const anchorStep = Number.isNaN(step("firstStep")) ? num(columns.nonFiniteStep, i) : step("firstStep");
    const anchor = place(anchorStep);
    if (Number.isNaN(anchor)) {
      if (logX && xOf(anchorStep, timeAt(anchorStep)) <= 0) dropped += count;
      else placeless += count;
      if (Number.isNaN(place(step("lastStep")))) continue;
    }

    if (finite > 0) {
      if (logY && max <= 0) dropped += finite;
      else if (logY && min <= 0) dropped += 1;
      for (const [at, value] of inOrder(columns, i)) {
        const px = place(at);
        if (Number.isNaN(px) || (logY && value <= 0)) continue;
        open.line.x.push(px);
        open.line.y.push(value);
        x.add(px);
        y.add(value);
      }
      const mean = num(columns.sum, i) / finite;
      const middle = (place(step("firstStep")) + place(step("lastStep"))) / 2;
      if (dense && !(logY && mean <= 0)) add(open.mean, middle, mean);
      const smoothed = columns.smoothed?.[i] ?? null;
      if (smoothed !== null && !(logY && smoothed <= 0)) add(open.smooth, place(step("lastStep")), smoothed);
      readings.push({
        x: middle,
        step: step(count === 1 ? "firstStep" : "lastStep"),
        time: columns.lastTime[i] ?? null,
        count,
        mean,
        min,
        max,
        smoothed,
        nonFinite: none,
      });
    }
    if (count > finite) {
      const badStep = num(columns.nonFiniteStep, i);
      const px = place(badStep);
      const kinds = [
        ["nan", nan, Number.NaN],
        ["+inf", plus, Number.POSITIVE_INFINITY],
        ["-inf", minus, Number.NEGATIVE_INFINITY],
      ] as const;
      for (const [kind, many, value] of kinds) {
        if (many === 0 || Number.isNaN(px)) continue;
        marks.push({ kind, x: px, step: badStep, count: many });
        if (finite === 0) {
          const time = columns.lastTime[i] ?? null;
          readings.push({
            x: px,
            step: badStep,
            time,
            count,
            mean: none,
            min: none,
            max: none,
            smoothed: null,
            nonFinite: value,
          });
        }
      }
      if (!Number.isNaN(px)) x.add(px);
      // The gap shows where values are missing only when nothing finite stands around it in the bucket.
      if (finite === 0) for (const polyline of [open.line, open.mean, open.smooth]) add(polyline, px, none);
    }
  }
  for (const s of segments) s.firstX = s.line.x[0] ?? s.firstX;
  return { segments, marks, readings, points: columns.points, dense, dropped, placeless, x, y };
}

interface Mutable extends CurveSegment {
  firstX: number;
  readonly line: { x: number[]; y: number[] };
  readonly mean: { x: number[]; y: number[] };
  readonly smooth: { x: number[]; y: number[] };
}

const startOf = (columns: BucketColumns, i: number): number => {
  const first = num(columns.firstStep, i);
  return Number.isNaN(first) ? num(columns.nonFiniteStep, i) : first;
};

function startSegment(segment: number): Mutable {
  const empty = (): { x: number[]; y: number[] } => ({ x: [], y: [] });
  return { segment, firstX: none, line: empty(), mean: empty(), smooth: empty() };
}

function add(polyline: { x: number[]; y: number[] }, x: number, y: number): void {
  if (Number.isNaN(x)) return;
  polyline.x.push(x);
  polyline.y.push(y);
}

/** First, min, max, last in the order of their steps, each step once. */
function inOrder(columns: BucketColumns, i: number): [number, number][] {
  const points: [number, number][] = [
    [num(columns.firstStep, i), num(columns.first, i)],
    [num(columns.minStep, i), num(columns.min, i)],
    [num(columns.maxStep, i), num(columns.max, i)],
    [num(columns.lastStep, i), num(columns.last, i)],
  ];
  if (columns.count[i] === 1) return points.slice(0, 1);
  const seen = new Set<number>();
  const kept = points.filter(([at, value]) => {
    if (seen.has(at) || Number.isNaN(value)) return false;
    seen.add(at);
    return true;
  });
  return kept.sort(([a], [b]) => a - b);
}

/** Buckets know the time of their ends only; inside, time is taken to run evenly with the steps. */
function timeInside(columns: BucketColumns, i: number, step: number): number {
  const [from, to] = [num(columns.firstTime, i), num(columns.lastTime, i)];
  const [first, last] = [num(columns.firstStep, i), num(columns.lastStep, i)];
  if (!(last > first)) return step === first || Number.isNaN(first) ? from : to;
  return from + ((step - first) / (last - first)) * (to - from);
}

/** The reading nearest to `x`; where segments overlap, the later one, because it replaced the earlier. */
export function readingAt({ readings }: CurveData, x: number): Reading | undefined {
  let best: Reading | undefined;
  let distance = Number.POSITIVE_INFINITY;
  // Readings ascend only within segments, and a chart has at most a few thousand: a scan is under 10 µs.
  for (const reading of readings) {
    const d = Math.abs(reading.x - x);
    if (d <= distance) [best, distance] = [reading, d];
  }
  return best;
}

class Range implements Extent {
  min = Number.POSITIVE_INFINITY;
  max = Number.NEGATIVE_INFINITY;
  add(value: number): void {
    if (value < this.min) this.min = value;
    if (value > this.max) this.max = value;
  }
}

/** The smallest extent around all of these. */
export function union(extents: readonly Extent[]): Extent {
  const all = new Range();
  for (const { min, max } of extents) {
    if (min > max) continue;
    all.add(min);
    all.add(max);
  }
  return all;
}

/** Room around the values, so that no curve touches the frame. Falls back to 0..1 when there is nothing. */
export function padded({ min, max }: Extent, log: boolean): [number, number] {
  if (min > max) return log ? [0.1, 10] : [0, 1];
  if (log) {
    const margin = min === max ? 2 : (max / min) ** 0.06;
    return [min / margin, max * margin];
  }
  const margin = min === max ? Math.abs(min) * 0.1 || 1 : (max - min) * 0.07;
  return [min - margin, max + margin];
}
