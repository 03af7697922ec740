import { AppError } from "../../base/errors.ts";
import type { Extremes, ExtremesQuery } from "../store.ts";
import type { Connection, Parameter } from "./engine.ts";
import { doubles, integers } from "./result-columns.ts";
import type { SeriesState } from "./series-state.ts";

/** Series in one statement. */
const seriesPerStatement = 2_000;

interface Cell {
  readonly series: number;
  readonly place: number;
  readonly min: number;
  readonly max: number;
  readonly nonFinite: number;
}

/** Groups in the engine: the points of thousands of series never leave it. */
export async function readExtremes(
  reader: Connection,
  states: readonly SeriesState[],
  query: ExtremesQuery,
): Promise<Extremes> {
  const { width } = query;
  if (!Number.isInteger(width) || width < 1)
    throw new AppError("bad-request", `width must be a whole number of columns, not ${width}`);
  const indexOf = new Map(states.map((state, index) => [state.key, index]));
  const statements = whereOf(states, query);
  const steps = await stepsOf(reader, statements, width);
  const begins = new Map<number, number>();
  const cells: Cell[] = [];
  for (const { where, parameters } of statements) {
    const first = parameters.length + 1;
    const place = steps.size === 0 ? "step::DOUBLE" : `floor((step::DOUBLE - $${first}) / $${first + 1})`;
    await reader.query(
      `SELECT series, ${place} AS place, min(step)::DOUBLE,
        coalesce(min(value) FILTER (isfinite(value)), 'nan'::DOUBLE),
        coalesce(max(value) FILTER (isfinite(value)), 'nan'::DOUBLE),
        count(*) FILTER (NOT isfinite(value))::DOUBLE
        FROM points WHERE ${where} GROUP BY series, place`,
      steps.size === 0 ? parameters : [...parameters, steps.first, steps.size],
      (chunk) => {
        const [places, begin] = [doubles(chunk, 1), doubles(chunk, 2)];
        const [min, max, nonFinite] = [doubles(chunk, 3), doubles(chunk, 4), doubles(chunk, 5)];
        for (const [row, key] of integers(chunk, 0).entries()) {
          const at = places[row] ?? 0;
          begins.set(at, Math.min(begins.get(at) ?? Number.POSITIVE_INFINITY, begin[row] ?? 0));
          cells.push({
            series: indexOf.get(key) ?? 0,
            place: at,
            min: min[row] ?? Number.NaN,
            max: max[row] ?? Number.NaN,
            nonFinite: nonFinite[row] ?? 0,
          });
        }
      },
    );
  }
  const places = [...begins.keys()].toSorted((a, b) => a - b);
  const columnOf = new Map(places.map((place, column) => [place, column]));
  return {
    steps: Float64Array.from(places, (place) => begins.get(place) ?? 0),
    lastStep: steps.last,
    ids: states.map((state) => state.id),
    series: Int32Array.from(cells, (cell) => cell.series),
    column: Int32Array.from(cells, (cell) => columnOf.get(cell.place) ?? 0),
    min: Float64Array.from(cells, (cell) => cell.min),
    max: Float64Array.from(cells, (cell) => cell.max),
    nonFinite: Float64Array.from(cells, (cell) => cell.nonFinite),
  };
}

interface Where {
  readonly where: string;
  readonly parameters: readonly Parameter[];
}

function whereOf(states: readonly SeriesState[], { fromStep, toStep }: ExtremesQuery): Where[] {
  const parameters: Parameter[] = [];
  const bounds: string[] = [];
  for (const [comparison, bound] of [
    [">=", fromStep],
    ["<=", toStep],
  ] as const) {
    if (bound === undefined) continue;
    parameters.push(bound);
    bounds.push(`step ${comparison} $${parameters.length}::DOUBLE`);
  }
  const statements: Where[] = [];
  for (let begin = 0; begin < states.length; begin += seriesPerStatement) {
    const keys = states.slice(begin, begin + seriesPerStatement).map((state) => state.key);
    statements.push({ where: [`series IN (${keys.join(", ")})`, ...bounds].join(" AND "), parameters });
  }
  return statements;
}

/** The steps that the columns share. `size` 0: each step is a column of its own. */
async function stepsOf(
  reader: Connection,
  statements: readonly Where[],
  width: number,
): Promise<{ first: number; last: number; size: number }> {
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const distinct = new Set<number>();
  for (const { where, parameters } of statements) {
    await reader.query(
      `SELECT min(step)::DOUBLE, max(step)::DOUBLE FROM points WHERE ${where} HAVING count(*) > 0`,
      parameters,
      (chunk) => {
        if (chunk.rowCount === 0) return;
        first = Math.min(first, doubles(chunk, 0)[0] ?? first);
        last = Math.max(last, doubles(chunk, 1)[0] ?? last);
      },
    );
    if (distinct.size > width) continue;
    // One more than fits is enough to know that they do not.
    await reader.query(
      `SELECT DISTINCT step::DOUBLE FROM points WHERE ${where} LIMIT ${width + 1}`,
      parameters,
      (chunk) => {
        for (const step of doubles(chunk, 0)) distinct.add(step);
      },
    );
  }
  if (distinct.size === 0) return { first: 0, last: Number.NaN, size: 0 };
  return { first, last, size: distinct.size > width ? (last - first + 1) / width : 0 };
}
