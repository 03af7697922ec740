import { pointsPerBucket } from "./accumulator.ts";
import { BucketRows, field, rowColumns, readRow } from "./bucket-rows.ts";
import type { Connection } from "./engine.ts";
import { readTime } from "./schema.ts";
import { doubles, integers } from "./result-columns.ts";

/** Ordinals `from` (inclusive) to `to` (exclusive) of a series at a level; level 0 is the points themselves. */
export interface Range {
  readonly series: number;
  readonly level: number;
  readonly from: number;
  readonly to: number;
}

/** Runs work on some reader connection. */
export type Read = <T>(work: (reader: Connection) => Promise<T>) => Promise<T>;

/** Series in one statement; more go into several. */
const seriesPerStatement = 500;

/**
 * Rows of many ranges. Ranges of many series that reach over about the same ordinals (a page of small
 * charts) are read by one statement, a few ranges far apart (the edges of a zoom) by one each.
 */
export async function fetchRows(read: Read, ranges: readonly Range[]): Promise<ReadonlyMap<Range, BucketRows>> {
  const found = new Map<Range, BucketRows>();
  const groups: Range[][] = [];
  for (const level of new Set(ranges.map((range) => range.level))) {
    groups.push(...group(ranges.filter((range) => range.level === level && range.to > range.from)));
  }
  for (const range of ranges) found.set(range, new BucketRows(expectedRows(range)));
  await Promise.all(groups.map((ranges) => read((reader) => fetchGroup(reader, ranges, found))));
  return found;
}

/** A first guess that saves growing; a range may reach over several segments, or be open at its end. */
const expectedRows = (range: Range): number =>
  Math.max(1, Math.min((range.to - range.from) / pointsPerBucket(range.level) + 16, 1 << 16) | 0);

function group(ranges: readonly Range[]): Range[][] {
  const wanted = ranges.reduce((sum, range) => sum + (range.to - range.from), 0);
  const from = Math.min(...ranges.map((range) => range.from));
  const to = Math.max(...ranges.map((range) => range.to));
  const series = new Set(ranges.map((range) => range.series));
  if (series.size !== ranges.length || (to - from) * series.size > 4 * wanted + 100_000) {
    return ranges.map((range) => [range]);
  }
  const groups: Range[][] = [];
  for (let begin = 0; begin < ranges.length; begin += seriesPerStatement) {
    groups.push(ranges.slice(begin, begin + seriesPerStatement));
  }
  return groups;
}

async function fetchGroup(
  reader: Connection,
  ranges: readonly Range[],
  found: ReadonlyMap<Range, BucketRows>,
): Promise<void> {
  const [first] = ranges;
  if (first === undefined) return;
  const bySeries = new Map(ranges.map((range) => [range.series, range]));
  const from = Math.min(...ranges.map((range) => range.from));
  const to = Math.max(...ranges.map((range) => range.to));
  const series = ranges.length === 1 ? "series = $3" : `series IN (${[...bySeries.keys()].join(", ")})`;
  const parameters = ranges.length === 1 ? [from, to, first.series] : [from, to];
  const target = (key: number, ordinal: number): BucketRows | undefined => {
    const range = bySeries.get(key);
    return range === undefined || ordinal < range.from || ordinal >= range.to ? undefined : found.get(range);
  };
  if (first.level === 0) {
    await reader.query(
      `SELECT series, segment, ordinal, step::DOUBLE, ${readTime}, value FROM points
        WHERE ${series} AND ordinal >= $1 AND ordinal < $2`,
      parameters,
      (chunk) => {
        const [segment, ordinal] = [integers(chunk, 1), integers(chunk, 2)];
        const points = { segment, ordinal, step: doubles(chunk, 3), time: doubles(chunk, 4), value: doubles(chunk, 5) };
        for (const [row, key] of integers(chunk, 0).entries()) {
          target(key, ordinal[row] ?? -1)?.pushPoint(points, row);
        }
      },
    );
  } else {
    await reader.query(
      `SELECT series, ${readRow} FROM rollups
        WHERE level = ${first.level} AND ${series} AND ordinal >= $1 AND ordinal < $2`,
      parameters,
      (chunk) => {
        const columns = rowColumns.map((_, index) => doubles(chunk, index + 1));
        const ordinal = columns[field.ordinal];
        for (const [index, key] of integers(chunk, 0).entries()) {
          target(key, ordinal?.[index] ?? -1)?.pushFrom(columns, index);
        }
      },
    );
  }
  for (const range of ranges) found.get(range)?.sortByOrdinal();
}
