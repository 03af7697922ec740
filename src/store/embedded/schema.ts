import { BIGINT, BLOB, DOUBLE, INTEGER, VARCHAR } from "@duckdb/node-api";
import type { DuckDBType } from "@duckdb/node-api";

/**
 * Every table is append-only and has neither key nor index: changed rows are new rows with a higher
 * `version`, removed runs are named in `dropped`, and compaction leaves out what is no longer valid.
 * The engine's known faults sit in keys, UPDATE and DELETE; none of them is used.
 */
export const tables = {
  /** The newest version of a run counts. `body` is the whole `Run` as JSON. */
  runs: {
    run: "integer",
    version: "integer",
    id: "text",
    project: "text",
    name: "text",
    status: "text",
    created_at: "double",
    ended_at: "double",
    tags: "text",
    body: "text",
  },
  dropped: { run: "integer" },
  series: { series: "integer", run: "integer", name: "text", labels: "text" },
  /** `ordinal` counts the points of a series from 0 in order of arrival. */
  points: {
    series: "integer",
    segment: "integer",
    ordinal: "integer",
    step: "bigint",
    /** See `storedTime`: whole numbers take a fifth of the space of doubles here. */
    time: "bigint",
    value: "double",
  },
  /** Complete buckets of 16^level points; the last one of a segment may be shorter. See bucket-rows.ts. */
  rollups: {
    series: "integer",
    level: "integer",
    segment: "double",
    ordinal: "double",
    count: "double",
    nan: "double",
    positive_infinity: "double",
    negative_infinity: "double",
    lo: "double",
    hi: "double",
    min: "double",
    max: "double",
    first: "double",
    last: "double",
    sum: "double",
    min_step: "double",
    max_step: "double",
    first_step: "double",
    last_step: "double",
    non_finite_step: "double",
    min_time: "double",
    max_time: "double",
  },
  /** Batches `first` to `last` of a writer are stored. */
  writers: { run: "integer", writer: "text", first: "double", last: "double" },
  /** Missing numbers are NaN, missing texts NULL. */
  records: {
    run: "integer",
    ordinal: "integer",
    time: "double",
    level: "integer",
    logger: "text",
    message: "text",
    exception: "text",
    step: "double",
    rank: "double",
    record_group: "text",
    role: "text",
  },
  findings: { run: "integer", version: "integer", body: "text" },
  blobs: { run: "integer", version: "integer", key: "text", media_type: "text", size: "double", content: "blob" },
} as const satisfies Record<string, Record<string, ColumnType>>;

export type ColumnType = "integer" | "bigint" | "double" | "text" | "blob";
export type TableName = keyof typeof tables;

export const tableNames: readonly TableName[] = [
  "runs",
  "dropped",
  "series",
  "points",
  "rollups",
  "writers",
  "records",
  "findings",
  "blobs",
];

/** Raised when a table changes; a store of another version is refused, not guessed at. */
export const schemaVersion = 1;

const sqlTypes: Record<ColumnType, string> = {
  integer: "INTEGER",
  bigint: "BIGINT",
  double: "DOUBLE",
  text: "VARCHAR",
  blob: "BLOB",
};

export const engineTypes: Record<ColumnType, DuckDBType> = {
  integer: INTEGER,
  bigint: BIGINT,
  double: DOUBLE,
  text: VARCHAR,
  blob: BLOB,
};

/** `schema`: name of an attached file; the store's own without. */
export const createTables = (schema = "main"): readonly string[] => [
  ...tableNames.map((table) => {
    const columns = Object.entries(tables[table]).map(([name, type]) => `"${name}" ${sqlTypes[type]}`);
    return `CREATE TABLE IF NOT EXISTS ${schema}.${table} (${columns.join(", ")})`;
  }),
  `CREATE TABLE IF NOT EXISTS ${schema}.about AS SELECT ${schemaVersion} AS version`,
];

/**
 * What stands for an unknown time or step in the tables: a column of one number takes no space, one of
 * NaN takes seven bytes a row.
 */
export const unknown = -(2 ** 53);

/** A time in milliseconds, or NaN, as whole microseconds. */
export const storedTime = (time: number): number => (Number.isNaN(time) ? unknown : Math.round(time * 1000));

/** The inverse of `storedTime` in SQL. */
export const readTime = `CASE WHEN time = ${unknown} THEN 'nan'::DOUBLE ELSE time::DOUBLE / 1000 END AS time`;
