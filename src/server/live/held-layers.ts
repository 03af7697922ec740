import type { SeriesPoints } from "../../model/series.ts";

/** Rows of one layer series that are all held. */
const wholeRows = 1024;
/** Points of all layer series of a run that are held: 48 MB at 24 bytes a point. */
export const maxHeldLayerPoints = 2_000_000;
/** Layer series that are held at all: 1.5 KB each before their first point. */
const maxHeldSeries = 20_000;

/**
 * Decides which points of layer series the engine's memory holds.
 *
 * Why it exists: a large model has thousands of layer series, each as long as the run was watched. A series is held
 * whole up to `wholeRows`; each doubling beyond that adds at most half as many, so a series of a million rows holds
 * about six thousand. Which rows depends on their number alone, not on how they came in. Rules on layers look
 * for states that last, so a thinner row rate moves an onset by a row, and misses none.
 */
export class HeldLayers {
  readonly #seen = new Map<string, number>();
  points = 0;
  /** Points that were left out, and whether for lack of room. */
  thinned = 0;
  cut = 0;

  /** The part of `points` that is held; null when nothing is. */
  take(id: string, points: SeriesPoints): SeriesPoints | null {
    const from = this.#seen.get(id) ?? 0;
    const { length } = points.value;
    if (from === 0 && this.#seen.size >= maxHeldSeries) {
      this.cut += length;
      return null;
    }
    this.#seen.set(id, from + length);
    const room = maxHeldLayerPoints - this.points;
    if (from + length <= wholeRows && length <= room) {
      this.points += length;
      return points;
    }
    const rows: number[] = [];
    for (let i = 0; i < length; i += 1) if (isHeld(from + i)) rows.push(i);
    this.thinned += length - rows.length;
    const kept = rows.slice(0, Math.max(0, room));
    this.cut += rows.length - kept.length;
    this.points += kept.length;
    if (kept.length === 0) return null;
    const pick = (column: Float64Array): Float64Array => Float64Array.from(kept, (row) => column[row] ?? Number.NaN);
    return { ...points, step: pick(points.step), time: pick(points.time), value: pick(points.value) };
  }
}

/** All of the first rows, then every second, every fourth, and so on at each doubling. */
export function isHeld(row: number): boolean {
  if (row < wholeRows) return true;
  const octave = Math.floor(Math.log2(row / wholeRows));
  return row % 2 ** (octave + 1) === 0;
}
