import { AppError } from "../../base/errors.ts";
import type { PointQuery, StoredPoints } from "../store.ts";
import type { Connection, Parameter } from "./engine.ts";
import { readTime } from "./schema.ts";
import { doubles, integers } from "./result-columns.ts";
import type { SeriesState } from "./series-state.ts";

/** Series in one statement; more go into several. */
const seriesPerStatement = 500;

/** A series being read. */
interface Columns {
  readonly state: SeriesState;
  readonly segment: number[];
  readonly ordinal: number[];
  readonly step: number[];
  readonly time: number[];
  readonly value: number[];
}

/** Points at full resolution, in order of arrival. */
export async function readPoints(
  reader: Connection,
  states: readonly SeriesState[],
  query: PointQuery,
): Promise<StoredPoints[]> {
  if (!Number.isSafeInteger(query.limit) || query.limit < 1) {
    throw new AppError("bad-request", `limit must be an integer from 1, not ${query.limit}`);
  }
  const columns = new Map<number, Columns>();
  for (const state of states) {
    columns.set(state.key, { state, segment: [], ordinal: [], step: [], time: [], value: [] });
  }
  // Series that fit under the limit as a whole share statements; the others get one each, with a limit.
  const whole = states.filter((state) => state.count <= query.limit);
  for (let begin = 0; begin < whole.length; begin += seriesPerStatement) {
    const keys = whole.slice(begin, begin + seriesPerStatement).map((state) => state.key);
    await readInto(reader, columns, { ...query, series: `series IN (${keys.join(", ")})`, limit: undefined });
  }
  for (const state of states) {
    if (state.count <= query.limit) continue;
    await readInto(reader, columns, { ...query, series: `series = ${state.key}`, limit: query.limit + 1 });
  }
  return [...columns.values()].map((read) => toStored(read, query.limit));
}

async function readInto(
  reader: Connection,
  columns: ReadonlyMap<number, Columns>,
  query: Pick<PointQuery, "fromStep" | "toStep"> & { readonly series: string; readonly limit: number | undefined },
): Promise<void> {
  const parameters: Parameter[] = [];
  const terms = [query.series];
  for (const [comparison, bound] of [
    [">=", query.fromStep],
    ["<=", query.toStep],
  ] as const) {
    if (bound === undefined) continue;
    parameters.push(bound);
    terms.push(`step ${comparison} $${parameters.length}::DOUBLE`);
  }
  await reader.query(
    `SELECT series, segment, ordinal, step::DOUBLE, ${readTime}, value FROM points WHERE ${terms.join(" AND ")}
      ${query.limit === undefined ? "" : `ORDER BY ordinal LIMIT ${query.limit}`}`,
    parameters,
    (chunk) => {
      const [segment, ordinal] = [integers(chunk, 1), integers(chunk, 2)];
      const [step, time, value] = [doubles(chunk, 3), doubles(chunk, 4), doubles(chunk, 5)];
      for (const [row, key] of integers(chunk, 0).entries()) {
        const target = columns.get(key);
        if (target === undefined) continue;
        target.segment.push(segment[row] ?? 0);
        target.ordinal.push(ordinal[row] ?? 0);
        target.step.push(step[row] ?? 0);
        target.time.push(time[row] ?? Number.NaN);
        target.value.push(value[row] ?? Number.NaN);
      }
    },
  );
}

function toStored(read: Columns, limit: number): StoredPoints {
  const { state, ordinal } = read;
  const order = Array.from({ length: ordinal.length }, (_, index) => index);
  if (ordinal.some((at, index) => index > 0 && at < (ordinal[index - 1] ?? 0))) {
    order.sort((a, b) => (ordinal[a] ?? 0) - (ordinal[b] ?? 0));
  }
  const kept = order.slice(0, limit);
  const pick = (column: readonly number[]): Float64Array => Float64Array.from(kept, (at) => column[at] ?? Number.NaN);
  return {
    id: state.id,
    name: state.name,
    labels: state.labels,
    segment: Int32Array.from(kept, (at) => read.segment[at] ?? 0),
    step: pick(read.step),
    time: pick(read.time),
    value: pick(read.value),
    truncated: order.length > limit,
  };
}
