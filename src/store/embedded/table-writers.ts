import type { DuckDBConnection } from "@duckdb/node-api";
import { NumberWriter, RowWriter } from "./table-writer.ts";

/** The appenders of all tables, on the one connection that writes. */
export interface TableWriters {
  readonly points: NumberWriter;
  readonly rollups: NumberWriter;
  readonly runs: RowWriter;
  readonly dropped: RowWriter;
  readonly series: RowWriter;
  readonly writers: RowWriter;
  readonly records: RowWriter;
  readonly findings: RowWriter;
  readonly blobs: RowWriter;
}

const writersOf = (writers: TableWriters): readonly (NumberWriter | RowWriter)[] => [
  writers.points,
  writers.rollups,
  writers.runs,
  writers.dropped,
  writers.series,
  writers.writers,
  writers.records,
  writers.findings,
  writers.blobs,
];

export async function openWriters(connection: DuckDBConnection): Promise<TableWriters> {
  return {
    points: await NumberWriter.open(connection, "points"),
    rollups: await NumberWriter.open(connection, "rollups"),
    runs: await RowWriter.open(connection, "runs"),
    dropped: await RowWriter.open(connection, "dropped"),
    series: await RowWriter.open(connection, "series"),
    writers: await RowWriter.open(connection, "writers"),
    records: await RowWriter.open(connection, "records"),
    findings: await RowWriter.open(connection, "findings"),
    blobs: await RowWriter.open(connection, "blobs"),
  };
}

export function flushWriters(writers: TableWriters): void {
  for (const writer of writersOf(writers)) writer.flush();
}

export function closeWriters(writers: TableWriters): void {
  for (const writer of writersOf(writers)) {
    try {
      writer.close();
    } catch {
      // An appender of a failed transaction refuses to flush what it holds: that is what was rolled back.
    }
  }
}
