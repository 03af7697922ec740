import { rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import type { DuckDBConnection } from "@duckdb/node-api";
import type { Connection, EngineOptions } from "./engine.ts";
import { engineConfiguration } from "./engine.ts";
import { diskFull, spaceOf } from "./free-space.ts";
import { doubles } from "./result-columns.ts";
import { createTables, tableNames, tables } from "./schema.ts";
import type { TableName } from "./schema.ts";

/**
 * Rewrites the store into a new file: rows of deleted runs and replaced versions are left out, points
 * and buckets are sorted by series, so that a curve lies in one place. Ingest goes on meanwhile: what
 * arrives after the first pass began is copied by a short second pass, with no transaction open.
 *
 * Rows are never changed or removed in place, so a row's `rowid` is its position of arrival.
 */
const live = "run NOT IN (SELECT run FROM dropped)";
const liveSeries = `series IN (SELECT series FROM series WHERE ${live})`;

/** The rows that stay, in their new order. */
const kept: Record<TableName, string> = {
  runs: `SELECT * FROM runs WHERE ${live} AND version IN (SELECT max(version) FROM runs GROUP BY run) ORDER BY version`,
  dropped: "SELECT * FROM dropped WHERE false",
  series: `SELECT * FROM series WHERE ${live} ORDER BY series`,
  points: `SELECT * FROM points WHERE ${liveSeries} ORDER BY series, ordinal`,
  rollups: `SELECT * FROM rollups WHERE ${liveSeries} ORDER BY level, series, ordinal`,
  // Batches in a row become one interval.
  writers: `SELECT run, writer, min(first) AS first, max(last) AS last FROM (
      SELECT *, sum(begins) OVER (PARTITION BY run, writer ORDER BY first) AS island FROM (
        SELECT *, CASE WHEN first <= 1 + max(last) OVER (PARTITION BY run, writer ORDER BY first
          ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) THEN 0 ELSE 1 END AS begins
        FROM writers WHERE ${live}))
    GROUP BY run, writer, island ORDER BY writer, first`,
  records: `SELECT * FROM records WHERE ${live} ORDER BY run, ordinal`,
  findings: `SELECT * FROM findings WHERE ${live} AND version IN (SELECT max(version) FROM findings GROUP BY run)`,
  blobs: `SELECT * FROM blobs WHERE ${live} AND version IN (SELECT max(version) FROM blobs GROUP BY run, key)`,
};

/** A file being written. `finish` must run while no transaction is open on the store. */
export class Compaction {
  private readonly file: string;
  private readonly instance: DuckDBInstance;
  private readonly target: DuckDBConnection;
  /** Rows of each table that the first pass has seen. */
  private readonly seen = new Map<TableName, number>();

  private constructor(file: string, instance: DuckDBInstance, target: DuckDBConnection) {
    this.file = file;
    this.instance = instance;
    this.target = target;
  }

  /** The first pass. `share` is the part of all points that stays, for an estimate of the space needed. */
  static async begin(
    source: Connection,
    files: { readonly from: string; readonly to: string },
    options: EngineOptions & { readonly floorBytes?: number | undefined; readonly share: number },
  ): Promise<Compaction> {
    const directory = dirname(files.to);
    const space = spaceOf(directory, options.floorBytes);
    const needed = statSync(files.from).size * options.share;
    if (space.freeBytes < space.floorBytes + needed) throw diskFull(directory, space);
    const instance = await DuckDBInstance.create(files.to, engineConfiguration(files.to, options));
    const compaction = new Compaction(files.to, instance, await instance.connect());
    try {
      for (const statement of createTables()) await compaction.target.run(statement);
      // One snapshot for all tables.
      await source.execute("BEGIN");
      try {
        for (const table of tableNames) {
          await source.query(`SELECT coalesce(max(rowid) + 1, 0)::DOUBLE FROM ${table}`, [], (chunk) => {
            compaction.seen.set(table, doubles(chunk, 0)[0] ?? 0);
          });
        }
        for (const table of tableNames) await compaction.copy(source, table, kept[table]);
      } finally {
        await source.execute("ROLLBACK");
      }
      return compaction;
    } catch (error) {
      compaction.abandon();
      throw error;
    }
  }

  /** The second pass, and the new file made durable. */
  async finish(source: Connection): Promise<void> {
    for (const table of tableNames) {
      const columns = Object.keys(tables[table]).join(", ");
      const since = this.seen.get(table) ?? 0;
      await this.copy(source, table, `SELECT ${columns} FROM ${table} WHERE rowid >= ${since} ORDER BY rowid`);
    }
    await this.target.run("CHECKPOINT");
    this.target.closeSync();
    this.instance.closeSync();
  }

  /** Removes what was written so far. */
  abandon(): void {
    this.target.closeSync();
    this.instance.closeSync();
    for (const file of [this.file, `${this.file}.wal`]) rmSync(file, { force: true });
  }

  private async copy(source: Connection, table: TableName, select: string): Promise<void> {
    await this.target.run("BEGIN");
    const appender = await this.target.createAppender(table);
    await source.stream(select, [], (chunk) => appender.appendDataChunk(chunk));
    appender.closeSync();
    await this.target.run("COMMIT");
  }
}
