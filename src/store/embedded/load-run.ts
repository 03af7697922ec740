import { fanOut, levels } from "./accumulator.ts";
import { readRow, rowColumns, stride } from "./bucket-rows.ts";
import type { RunEntry } from "./catalog.ts";
import type { Connection } from "./engine.ts";
import { readTime, unknown } from "./schema.ts";
import { doubles, integers } from "./result-columns.ts";
import type { SeriesState } from "./series-state.ts";

/**
 * Rebuilds what the index knows of the series of runs, when they are first used: from the complete
 * buckets of the highest level, the level-1 buckets behind them, and the points behind those. Reads a
 * few hundred rows a series at most. Must run while no transaction is open.
 */
export async function loadRuns(reader: Connection, runs: readonly RunEntry[]): Promise<void> {
  const states = new Map(runs.flatMap(({ series }) => Array.from(series.values(), (state) => [state.key, state])));
  if (states.size > 0) {
    await loadComplete(reader, states);
    await loadOpenBuckets(reader, states);
    await loadOpenPoints(reader, states);
  }
  for (const run of runs) run.loaded = true;
}

type States = ReadonlyMap<number, SeriesState>;

async function loadComplete(reader: Connection, states: States): Promise<void> {
  const finite = (aggregate: string, column: string): string =>
    `coalesce(${aggregate}(${column}) FILTER (WHERE NOT isnan(${column})), 'nan'::DOUBLE)`;
  const keys = [...states.keys()];
  for (let from = 0; from < keys.length; from += keysPerStatement) {
    await reader.query(
      `SELECT series, segment, min(ordinal), sum(count), sum(nan + positive_infinity + negative_infinity),
          ${finite("min", "min")}, ${finite("max", "max")}, min(lo), max(hi), max(max_time)
        FROM rollups WHERE level = ${levels} AND series IN (${keys.slice(from, from + keysPerStatement).join(", ")})
        GROUP BY series, segment ORDER BY series, segment`,
      [],
      (chunk) => {
        const columns = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((column) => doubles(chunk, column));
        for (const [row, key] of integers(chunk, 0).entries()) {
          const state = states.get(key);
          const [segment = 0, ordinal = 0, count = 0, nonFinite = 0, min, max, lo = 0, hi = 0, time] = columns.map(
            (column) => column[row] ?? Number.NaN,
          );
          if (state === undefined) continue;
          state.cover({ segment, ordinal, count, nonFinite, lo, hi });
          state.widen(min ?? Number.NaN, max ?? Number.NaN);
          state.lastTime = time === undefined || time === unknown ? Number.NaN : time;
        }
      },
    );
  }
}

/** Level-1 buckets that are in no complete bucket of the highest level. */
async function loadOpenBuckets(reader: Connection, states: States): Promise<void> {
  const row = new Float64Array(stride);
  for (const { keys, start } of together(states, (state) => state.count)) {
    await reader.query(
      `SELECT series, ${readRow} FROM rollups
        WHERE level = 1 AND series IN (${keys.join(", ")}) AND ordinal >= $1 ORDER BY series, ordinal`,
      [start],
      (chunk) => {
        const columns = rowColumns.map((_, index) => doubles(chunk, index + 1));
        for (const [index, key] of integers(chunk, 0).entries()) {
          for (const [at, column] of columns.entries()) row[at] = column[index] ?? Number.NaN;
          const state = states.get(key);
          const [segment = 0, ordinal = 0, count = 0, nan = 0, positive = 0, negative = 0, lo = 0, hi = 0] = row;
          if (state === undefined || ordinal < state.count) continue;
          state.cover({ segment, ordinal, count, nonFinite: nan + positive + negative, lo, hi });
          state.widen(row[8] ?? Number.NaN, row[9] ?? Number.NaN);
          const time = row[19] ?? Number.NaN;
          if (!Number.isNaN(time)) state.lastTime = time;
          state.accumulator.mergeUp(1, row, 0);
        }
      },
    );
  }
}

/** Points that are in no complete bucket, and the one before them for its value. */
async function loadOpenPoints(reader: Connection, states: States): Promise<void> {
  for (const { keys, start } of together(states, (state) => Math.max(0, state.count - 1))) {
    await reader.query(
      `SELECT series, segment, ordinal, step::DOUBLE, ${readTime}, value FROM points
        WHERE series IN (${keys.join(", ")}) AND ordinal >= $1 ORDER BY series, ordinal`,
      [start],
      (chunk) => {
        const [segment, ordinal] = [integers(chunk, 1), integers(chunk, 2)];
        const points = { step: doubles(chunk, 3), time: doubles(chunk, 4), value: doubles(chunk, 5) };
        for (const [row, key] of integers(chunk, 0).entries()) {
          const state = states.get(key);
          const at = ordinal[row] ?? 0;
          if (state === undefined || at < state.count - 1) continue;
          if (at === state.count - 1) state.see(points, row);
          else state.resume(points, row, segment[row] ?? 0);
        }
      },
    );
  }
}

/** Series in one statement; more go into several. */
const keysPerStatement = 1000;

/**
 * Groups series by where they start, so that one statement's lower bound fits all of them: within an
 * eighth of it. What a statement returns before a series' own start is skipped.
 */
function together(states: States, startOf: (state: SeriesState) => number): { keys: number[]; start: number }[] {
  const sorted = Array.from(states.values(), (state) => ({ key: state.key, start: startOf(state) }));
  sorted.sort((a, b) => a.start - b.start);
  const groups: { keys: number[]; start: number }[] = [];
  for (const { key, start } of sorted) {
    const last = groups.at(-1);
    const near = last !== undefined && start - last.start <= Math.max(fanOut ** levels, last.start / 8);
    if (near && last.keys.length < keysPerStatement) last.keys.push(key);
    else groups.push({ keys: [key], start });
  }
  return groups;
}
