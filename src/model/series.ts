import { z } from "zod";

/** Labels tell series of one metric apart: `split`, `rank`, `layer`. */
export const Labels = z.record(z.string().min(1).max(128), z.string().max(512));
export type Labels = z.infer<typeof Labels>;

/**
 * The identity of a series inside its run, also its spelling in URLs and reports:
 * `loss`, or `loss{rank=0,split=eval}` with labels sorted by name. `\`, `,`, `=`, `{`, `}` in
 * label names and values, and `\` and `{` in the name, are escaped with a backslash, so that a metric
 * which is named like a labelled one is not taken for it.
 */
export function seriesId(name: string, labels: Labels = {}): string {
  const entries = Object.entries(labels);
  const base = /[\\{]/.test(name) ? name.replaceAll(/[\\{]/g, (c) => `\\${c}`) : name;
  if (entries.length === 0) return base;
  const escape = (text: string): string => text.replaceAll(/[\\,={}]/g, (c) => `\\${c}`);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `${base}{${entries.map(([k, v]) => `${escape(k)}=${escape(v)}`).join(",")}}`;
}

/**
 * Points of one series in arrival order. The three arrays have the same length.
 * `step`: an integer up to 2^53; it may go back (a resume starts a new segment).
 * `time`: milliseconds since the epoch, NaN when unknown. `value`: any float64, also NaN and infinities.
 */
export interface SeriesPoints {
  readonly name: string;
  readonly labels: Labels;
  readonly step: Float64Array;
  readonly time: Float64Array;
  readonly value: Float64Array;
}
