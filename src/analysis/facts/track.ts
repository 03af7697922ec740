import { at, median, noiseOf, SortedWindow } from "../../base/statistics.ts";
import type { SeriesData } from "../run-data.ts";
import { defineFact, type Fact } from "../fact.ts";
import { type Curve, finiteRows, rowBefore } from "./curve.ts";
import { settledOf } from "./settled.ts";

/** A noisy curve that is judged against its own start: rewards, entropies, lengths, margins. */
export interface Track extends Curve {
  /** Median of the last rows at each row: blind to one or two odd rows, two rows late. */
  readonly smooth: Float64Array;
  /** Point-to-point noise, as a standard deviation. */
  readonly noise: number;
  /** Median of the first rows. */
  readonly start: number;
}

/** Rows of the running median, and of the median that says where a curve starts. */
export const smoothRows = 5;

export function trackOf(curve: Curve): Track | undefined {
  const rows = finiteRows(curve);
  if (rows.length === 0) return undefined;
  const smooth = new Float64Array(rows.length);
  const window = new SortedWindow(smoothRows);
  for (let i = 0; i < rows.length; i++) {
    window.push(at(rows.value, i));
    smooth[i] = window.quantile(0.5);
  }
  const noise = rows.length > 2 ? noiseOf(rows.value) : 0;
  return { ...rows, smooth, noise, start: median(rows.value.subarray(0, smoothRows)) };
}

/** Of several series with one meaning the one with most rows, then the one with the plainest name. */
export function plainest(all: readonly SeriesData[]): SeriesData | undefined {
  let best: SeriesData | undefined;
  for (const one of all)
    if (
      best === undefined ||
      one.length > best.length ||
      (one.length === best.length && one.name.length < best.name.length)
    )
      best = one;
  return best !== undefined && best.length > 0 ? best : undefined;
}

/** The track of a fact's curve. Of a long curve only whole pieces are looked at, so that it is seldom made anew. */
export function trackOfFact(curve: Fact<Curve>): Fact<Track> {
  const course = settledOf(curve);
  return defineFact({
    id: curve.id,
    derive(_run, get) {
      const rows = get(course);
      return rows === undefined ? undefined : trackOf(rows);
    },
  });
}

/** Median over rows `from` to `to`, the last not included. */
export const levelOf = (track: Curve, from: number, to = track.length): number =>
  median(track.value.subarray(Math.max(0, from), Math.max(0, to)));

export type Direction = "rose" | "fell" | "flat";

/** Rows on each side that a movement is measured on. */
const sideRows = 12;
const fewestSideRows = 3;
/** Standard errors of the difference of two medians before it is called a movement. */
const movementErrors = 4;
/** Median against mean: its standard error is 1.25 times larger. */
const medianError = 1.25;

/** Whether a curve moved from the rows before `step` to its last rows; null when there are too few on either side. */
export function movementSince(track: Track, step: number): Direction | null {
  const row = rowBefore(track, step - 1e-9) + 1;
  return movement(track, 0, row, track.length);
}

/** The same between the rows up to `middle` and the last ones before `to`. */
export function movement(track: Track, from: number, middle: number, to: number): Direction | null {
  const before = Math.min(sideRows, middle - from);
  const after = Math.min(sideRows, to - middle);
  if (before < fewestSideRows || after < fewestSideRows) return null;
  const change = levelOf(track, to - after, to) - levelOf(track, middle - before, middle);
  const error = medianError * track.noise * Math.sqrt(1 / before + 1 / after);
  if (Math.abs(change) <= Math.max(movementErrors * error, 1e-9)) return "flat";
  return change > 0 ? "rose" : "fell";
}

/** Less than this part of the level is no event, however small the noise. */
const jumpShare = 0.3;

/** Whether a curve left its level around `step`: a slow trend that goes on is none. */
export function jumpAt(track: Track, step: number): Direction | null {
  const row = rowBefore(track, step - 1e-9) + 1;
  const to = Math.min(track.length, row + sideRows);
  const moved = movement(track, 0, row, to);
  if (moved === null || moved === "flat") return moved;
  const before = levelOf(track, row - sideRows, row);
  return Math.abs(levelOf(track, row, to) - before) >= jumpShare * Math.abs(before) ? moved : "flat";
}

/** First row from which on every smoothed row up to the end passes; -1 when the last does not. */
export function lastingFrom(track: Track, passes: (value: number) => boolean): number {
  let row = track.length;
  while (row > 0 && passes(at(track.smooth, row - 1))) row -= 1;
  return row < track.length ? row : -1;
}

const departedShare = 0.25;

/**
 * The row where a curve left its level on the way to row `reached`: the first one after the last that
 * was still within `share` of the way. The running median is late; this is where a person sees it begin.
 */
export function departure(track: Track, reached: number, from: number, to: number): number {
  const bar = from + departedShare * (to - from);
  let row = reached;
  while (row > 0 && (to > from ? at(track.value, row - 1) > bar : at(track.value, row - 1) < bar)) row -= 1;
  return row;
}

/** The split of rows `from` to `to` into two levels that explains most of the movement; first row of the second level. */
export function changePoint(track: Curve, from: number, to: number): number {
  let total = 0;
  for (let i = from; i < to; i++) total += at(track.value, i);
  let left = 0;
  let best = from;
  let gain = Number.NEGATIVE_INFINITY;
  for (let i = from + 1; i < to; i++) {
    left += at(track.value, i - 1);
    const before = i - from;
    const after = to - i;
    const explained = left ** 2 / before + (total - left) ** 2 / after;
    if (explained > gain) {
      gain = explained;
      best = i;
    }
  }
  return best;
}
