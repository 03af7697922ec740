import { Accumulator, levels } from "./accumulator.ts";
import { rowColumns, stride } from "./bucket-rows.ts";
import { openFrom } from "./catalog.ts";
import type { Connection } from "./engine.ts";
import { doubles, integers } from "./result-columns.ts";
import type { SeriesState } from "./series-state.ts";

/** Series restored by one query. */
const blockSize = 1000;

/** Rebuilds the open buckets of series that have none in memory, from the rows behind the last complete ones. */
export async function restoreAccumulators(reader: Connection, states: readonly SeriesState[]): Promise<void> {
  const missing = states.filter((state) => state.accumulator === undefined && state.count > 0);
  for (let begin = 0; begin < missing.length; begin += blockSize) {
    const block = missing.slice(begin, begin + blockSize);
    const restored = new Map(block.map((state) => [state.key, { state, accumulator: new Accumulator() }]));
    for (let level = levels - 1; level >= 1; level--) await restoreLevel(reader, level, restored);
    await restorePoints(reader, restored);
    // Ingest may have restored one of them meanwhile, and gone on.
    for (const { state, accumulator } of restored.values()) state.accumulator ??= accumulator;
  }
}

type Restored = ReadonlyMap<number, { readonly state: SeriesState; readonly accumulator: Accumulator }>;

/** Complete buckets of `level` that are not yet in a complete bucket of the level above. */
async function restoreLevel(reader: Connection, level: number, restored: Restored): Promise<void> {
  const starts = [...restored.values()]
    .filter(({ state }) => openFrom(state, level + 1) < openFrom(state, level))
    .map(({ state }) => `(${state.key}, ${openFrom(state, level + 1)})`);
  if (starts.length === 0) return;
  const row = new Float64Array(stride);
  await reader.query(
    `SELECT r.series, ${rowColumns.map((name) => `r.${name}`).join(", ")}
      FROM rollups r JOIN (VALUES ${starts.join(", ")}) t(series, start) ON r.series = t.series
      WHERE r.level = ${level} AND r.ordinal >= t.start ORDER BY r.series, r.ordinal`,
    [],
    (chunk) => {
      const columns = rowColumns.map((_, index) => doubles(chunk, index + 1));
      for (const [index, key] of integers(chunk, 0).entries()) {
        for (const [at, column] of columns.entries()) row[at] = column[index] ?? Number.NaN;
        restored.get(key)?.accumulator.mergeUp(level, row, 0);
      }
    },
  );
}

/** Points that are in no complete bucket yet. */
async function restorePoints(reader: Connection, restored: Restored): Promise<void> {
  const starts = [...restored.values()]
    .filter(({ state }) => openFrom(state, 1) < state.count)
    .map(({ state }) => `(${state.key}, ${openFrom(state, 1)})`);
  if (starts.length === 0) return;
  await reader.query(
    `SELECT p.series, p.segment, p.ordinal, p.step::DOUBLE, p.time, p.value
      FROM points p JOIN (VALUES ${starts.join(", ")}) t(series, start) ON p.series = t.series
      WHERE p.ordinal >= t.start ORDER BY p.series, p.ordinal`,
    [],
    (chunk) => {
      const [segment, ordinal] = [integers(chunk, 1), integers(chunk, 2)];
      const points = {
        name: "",
        labels: {},
        step: doubles(chunk, 3),
        time: doubles(chunk, 4),
        value: doubles(chunk, 5),
      };
      for (const [index, key] of integers(chunk, 0).entries()) {
        const at = ordinal[index] ?? 0;
        const target = restored.get(key);
        // Points of a batch that was committed after this restore began are not this restore's.
        if (target === undefined) continue;
        const stretch = { points, from: index, to: index + 1, segment: segment[index] ?? 0, ordinal: at };
        target.accumulator.add(stretch, () => {});
      }
    },
  );
}
