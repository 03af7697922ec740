import type { Decoded } from "../model/batch.ts";
import { seriesId } from "../model/series.ts";
import type { SeriesPoints } from "../model/series.ts";
import { emptyConfig } from "./decoded-builder.ts";

/** Batches of one input, in order, as one. */
export function mergeDecoded(batches: readonly Decoded[]): Decoded {
  const [only] = batches;
  if (batches.length === 1 && only !== undefined) return only;
  const pieces = new Map<string, SeriesPoints[]>();
  const config = emptyConfig();
  for (const batch of batches) {
    for (const series of batch.series) {
      const id = seriesId(series.name, series.labels);
      const known = pieces.get(id);
      if (known === undefined) pieces.set(id, [series]);
      else known.push(series);
    }
    for (const [key, value] of Object.entries(batch.config)) config[key] = value;
  }
  return {
    series: joinedSeries([...pieces.values()]),
    records: batches.flatMap((batch) => batch.records),
    config,
    dialect: batches.findLast((batch) => batch.dialect !== undefined)?.dialect,
    rejected: batches.flatMap((batch) => batch.rejected),
  };
}

/** Metrics of the same rows share the columns of their steps and times, and go on to. */
function joinedSeries(series: readonly (readonly SeriesPoints[])[]): SeriesPoints[] {
  const step = joiner();
  const time = joiner();
  const value = joiner();
  return series.flatMap((pieces) => {
    const [first] = pieces;
    if (first === undefined) return [];
    if (pieces.length === 1) return [first];
    return [
      {
        name: first.name,
        labels: first.labels,
        step: step(pieces.map((piece) => piece.step)),
        time: time(pieces.map((piece) => piece.time)),
        value: value(pieces.map((piece) => piece.value)),
      },
    ];
  });
}

/** Joins columns; the same pieces again come to the same column. */
function joiner(): (pieces: readonly Float64Array[]) => Float64Array {
  let last: { readonly pieces: readonly Float64Array[]; readonly whole: Float64Array } | undefined;
  return (pieces) => {
    if (last?.pieces.length === pieces.length && last.pieces.every((piece, i) => piece === pieces[i]))
      return last.whole;
    const whole = new Float64Array(pieces.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const piece of pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    last = { pieces, whole };
    return whole;
  };
}
