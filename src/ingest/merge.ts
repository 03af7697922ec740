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
    series: [...pieces.values()].map(joined),
    records: batches.flatMap((batch) => batch.records),
    config,
    dialect: batches.findLast((batch) => batch.dialect !== undefined)?.dialect,
    rejected: batches.flatMap((batch) => batch.rejected),
  };
}

function joined(pieces: readonly SeriesPoints[]): SeriesPoints {
  const [first] = pieces;
  if (pieces.length === 1 && first !== undefined) return first;
  const length = pieces.reduce((sum, { step }) => sum + step.length, 0);
  const column = (of: (piece: SeriesPoints) => Float64Array): Float64Array => {
    const whole = new Float64Array(length);
    let at = 0;
    for (const piece of pieces) {
      whole.set(of(piece), at);
      at += of(piece).length;
    }
    return whole;
  };
  return {
    name: first?.name ?? "",
    labels: first?.labels ?? {},
    step: column(({ step }) => step),
    time: column(({ time }) => time),
    value: column(({ value }) => value),
  };
}
