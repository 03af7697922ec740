/** What every format promises, checked on a sample of real output. */
import type { Decoded } from "../model/batch.ts";
import { toWire } from "../model/number.ts";
import { seriesId } from "../model/series.ts";
import type { Format } from "./format.ts";
import { sniffFormat } from "./formats/index.ts";
import { mergeDecoded } from "./merge.ts";

/** The decoded result as plain data: what a golden file holds. */
export interface Golden {
  readonly format: string;
  readonly dialect: string | null;
  readonly config: Readonly<Record<string, unknown>>;
  /** `[step, value]` of each point; a third number is the time, where there is one. */
  readonly series: Readonly<Record<string, readonly (readonly unknown[])[]>>;
  readonly records: readonly Readonly<Record<string, unknown>>[];
  readonly rejected: readonly { index: number; reason: string }[];
}

const context = { now: () => Number.NaN, startedAt: 1_770_000_000_000 };

/** Decodes a sample in the pieces between `cuts`. */
export function decodeInPieces(format: Format, bytes: Uint8Array, cuts: readonly number[]): Decoded {
  const decoder = format.decoder(context);
  const batches: Decoded[] = [];
  let from = 0;
  for (const to of [...cuts, bytes.length]) {
    batches.push(decoder.push(bytes.subarray(from, to)));
    from = to;
  }
  batches.push(decoder.end());
  return mergeDecoded(batches);
}

export function goldenOf(format: Format, decoded: Decoded): Golden {
  const series: Record<string, unknown[][]> = {};
  const sorted = decoded.series.toSorted((a, b) => (seriesId(a.name, a.labels) < seriesId(b.name, b.labels) ? -1 : 1));
  for (const { name, labels, step, time, value } of sorted) {
    series[seriesId(name, labels)] = [...step].map((at, i) => {
      const when = time[i] ?? Number.NaN;
      const point = [at, toWire(value[i] ?? Number.NaN)];
      return Number.isNaN(when) ? point : [...point, when];
    });
  }
  return {
    format: format.id,
    dialect: decoded.dialect ?? null,
    config: { ...decoded.config },
    series,
    // What is null says nothing; without it a golden is short enough to be read.
    records: decoded.records.map((record) => Object.fromEntries(Object.entries(record).filter(([, v]) => v !== null))),
    rejected: decoded.rejected.map(({ index, reason }) => ({ index, reason })),
  };
}

/**
 * What is wrong with how a sample is read, besides the golden: it is recognised by its content
 * alone, and any cut of its bytes gives the same. Empty: nothing.
 */
export function checkFormat(bytes: Uint8Array, random: () => number): string[] {
  const format = sniffFormat(bytes.subarray(0, 65_536), "unknown");
  if (format === undefined) return ["not recognised"];
  const whole = JSON.stringify(goldenOf(format, decodeInPieces(format, bytes, [])));
  const problems: string[] = [];
  const check = (cuts: readonly number[], what: string): void => {
    if (JSON.stringify(goldenOf(format, decodeInPieces(format, bytes, cuts))) !== whole)
      problems.push(`differs ${what}`);
  };
  check(
    Array.from({ length: bytes.length }, (_, i) => i),
    "byte by byte",
  );
  for (let round = 0; round < 12; round += 1) {
    const count = 1 + Math.floor(random() * 8);
    const cuts = Array.from({ length: count }, () => Math.floor(random() * bytes.length)).toSorted((a, b) => a - b);
    check(cuts, `cut at ${cuts.join(", ")}`);
  }
  return problems;
}
