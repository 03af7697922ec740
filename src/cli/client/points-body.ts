import { toWire, type WireNumber } from "../../model/number.ts";
import type { SeriesPoints } from "../../model/series.ts";

interface WireSeries {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly step: readonly number[];
  readonly time: readonly (number | null)[];
  readonly value: readonly WireNumber[];
}

/** One series as it is posted: values that are not finite as strings, unknown times as null. */
export const toWireSeries = ({ name, labels, step, time, value }: SeriesPoints): WireSeries => ({
  name,
  labels,
  step: Array.from(step),
  time: Array.from(time, (t) => (Number.isNaN(t) ? null : t)),
  value: Array.from(value, toWire),
});

/** Cuts series into batches of at most `limit` points, each series kept in order. */
export function* batches(series: readonly SeriesPoints[], limit: number): Generator<SeriesPoints[]> {
  let batch: SeriesPoints[] = [];
  let room = limit;
  for (const points of series) {
    for (let from = 0; from < points.step.length;) {
      const to = Math.min(points.step.length, from + room);
      batch.push({
        name: points.name,
        labels: points.labels,
        step: points.step.subarray(from, to),
        time: points.time.subarray(from, to),
        value: points.value.subarray(from, to),
      });
      room -= to - from;
      from = to;
      if (room === 0) {
        yield batch;
        batch = [];
        room = limit;
      }
    }
  }
  if (batch.length > 0) yield batch;
}
