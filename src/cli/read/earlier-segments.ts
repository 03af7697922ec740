import { seriesId, type SeriesPoints } from "../../model/series.ts";

/**
 * Joins the histories of one trainer's checkpoints, oldest first. The newest has the whole history of its
 * own attempt; what only an older one holds was trained again after a resume, and becomes an earlier
 * segment: it stands before the first newer point at or after its step, so that steps go back there.
 */
export function withEarlierSegments(histories: readonly (readonly SeriesPoints[])[]): SeriesPoints[] {
  const newest = new Map((histories.at(-1) ?? []).map((points) => [seriesId(points.name, points.labels), points]));
  for (const older of histories.slice(0, -1).toReversed()) {
    for (const points of older) {
      const id = seriesId(points.name, points.labels);
      const known = newest.get(id);
      newest.set(id, known === undefined ? points : spliced(points, known));
    }
  }
  return [...newest.values()];
}

function spliced(older: SeriesPoints, newer: SeriesPoints): SeriesPoints {
  const spelled = (points: SeriesPoints, i: number): string => `${points.step[i]}\n${points.value[i]}`;
  const known = new Set(Array.from(newer.step, (_, i) => spelled(newer, i)));
  const lost = Array.from(older.step, (_, i) => i).filter((i) => !known.has(spelled(older, i)));
  const first = lost[0];
  if (first === undefined) return newer;
  const at = newer.step.findIndex((step) => step >= (older.step[first] ?? 0));
  const cut = at === -1 ? newer.step.length : at;
  const join = (column: "step" | "time" | "value"): Float64Array =>
    Float64Array.from([
      ...newer[column].subarray(0, cut),
      ...lost.map((i) => older[column][i] ?? Number.NaN),
      ...newer[column].subarray(cut),
    ]);
  return { ...newer, step: join("step"), time: join("time"), value: join("value") };
}
