import { AppError } from "../../base/errors.ts";
import { Level, RecordRole } from "../../model/record.ts";
import type { RecordGroup, RecordQuery, StoredRecord } from "../store.ts";
import type { Connection, Parameter } from "./engine.ts";
import { doubles, integers, texts } from "./result-columns.ts";

/** Levels by rising severity; the tables hold the index. */
export const recordLevels: readonly Level[] = Level.options;

const orNull = (value: number | undefined): number | null =>
  value === undefined || Number.isNaN(value) ? null : value;

const levelAt = (index: number | undefined): Level => recordLevels[index ?? 1] ?? "info";

export async function readRecords(
  reader: Connection,
  run: number,
  query: RecordQuery,
): Promise<{ records: StoredRecord[]; total: number }> {
  const { where, parameters } = conditions(run, query);
  let total = 0;
  await reader.query(`SELECT count(*)::INTEGER FROM records WHERE ${where}`, parameters, (chunk) => {
    total = integers(chunk, 0)[0] ?? 0;
  });
  const records: StoredRecord[] = [];
  await reader.query(
    `SELECT ordinal, time, level, logger, message, exception, step, rank, record_group, role
      FROM records WHERE ${where} ORDER BY ordinal ${query.order === "ascending" ? "ASC" : "DESC"}
      LIMIT ${page(query.limit)} OFFSET ${page(query.offset)}`,
    parameters,
    (chunk) => {
      const [time, step, rank] = [doubles(chunk, 1), doubles(chunk, 6), doubles(chunk, 7)];
      const level = integers(chunk, 2);
      const [logger, message, exception] = [texts(chunk, 3), texts(chunk, 4), texts(chunk, 5)];
      const [group, role] = [texts(chunk, 8), texts(chunk, 9)];
      for (const [row, index] of integers(chunk, 0).entries()) {
        records.push({
          index,
          time: orNull(time[row]),
          level: levelAt(level[row]),
          logger: logger[row] ?? null,
          message: message[row] ?? "",
          exception: exception[row] ?? null,
          step: orNull(step[row]),
          rank: orNull(rank[row]),
          group: group[row] ?? "",
          role: RecordRole.nullable().parse(role[row] ?? null),
        });
      }
    },
  );
  return { records, total };
}

export async function listRecordGroups(reader: Connection, run: number): Promise<RecordGroup[]> {
  const groups: RecordGroup[] = [];
  const known = (column: string): string => `FILTER (WHERE NOT isnan(${column}))`;
  await reader.query(
    `SELECT record_group, count(*)::INTEGER, max(level), arg_min(message, ordinal),
        coalesce(min(time) ${known("time")}, 'nan'::DOUBLE), coalesce(max(time) ${known("time")}, 'nan'::DOUBLE),
        coalesce(min(step) ${known("step")}, 'nan'::DOUBLE), coalesce(max(step) ${known("step")}, 'nan'::DOUBLE)
      FROM records WHERE run = $1 GROUP BY record_group ORDER BY min(ordinal)`,
    [run],
    (chunk) => {
      const [count, level] = [integers(chunk, 1), integers(chunk, 2)];
      const [firstTime, lastTime, firstStep, lastStep] = [4, 5, 6, 7].map((column) => doubles(chunk, column));
      const message = texts(chunk, 3);
      for (const [row, group] of texts(chunk, 0).entries()) {
        groups.push({
          group: group ?? "",
          count: count[row] ?? 0,
          level: levelAt(level[row]),
          message: message[row] ?? "",
          firstTime: orNull(firstTime?.[row]),
          lastTime: orNull(lastTime?.[row]),
          firstStep: orNull(firstStep?.[row]),
          lastStep: orNull(lastStep?.[row]),
        });
      }
    },
  );
  return groups;
}

function conditions(run: number, query: RecordQuery): { where: string; parameters: Parameter[] } {
  const parameters: Parameter[] = [run];
  const terms = ["run = $1"];
  const add = (term: (place: string) => string, value: Parameter | undefined): void => {
    if (value === undefined) return;
    parameters.push(value);
    terms.push(term(`$${parameters.length}`));
  };
  if (query.levels !== undefined && query.levels.length > 0) {
    terms.push(`level IN (${query.levels.map((level) => recordLevels.indexOf(level)).join(", ")})`);
  }
  add(
    (place) =>
      `(contains(lower(message), lower(${place})) OR contains(lower(coalesce(exception, '')), lower(${place})))`,
    query.search,
  );
  add((place) => `record_group = ${place}`, query.group);
  add((place) => `(NOT isnan(step) AND step >= ${place}::DOUBLE)`, query.fromStep);
  add((place) => `(NOT isnan(step) AND step <= ${place}::DOUBLE)`, query.toStep);
  add((place) => `(NOT isnan(time) AND time >= ${place}::DOUBLE)`, query.fromTime);
  add((place) => `(NOT isnan(time) AND time <= ${place}::DOUBLE)`, query.toTime);
  return { where: terms.join(" AND "), parameters };
}

function page(value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new AppError("bad-request", `limit and offset must be integers from 0, not ${value}`);
}
