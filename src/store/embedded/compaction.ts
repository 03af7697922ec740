import { rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { quote } from "./engine.ts";
import type { Connection } from "./engine.ts";
import { diskFull, spaceOf } from "./free-space.ts";
import { doubles, integers } from "./result-columns.ts";
import { createTables, tableNames } from "./schema.ts";
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

/** The rows that stay, in their new order: of small tables at once, of big ones a slice of `key` after the other. */
const small: Partial<Record<TableName, string>> = {
  runs: `SELECT * FROM runs WHERE ${live} AND version IN (SELECT max(version) FROM runs GROUP BY run) ORDER BY version`,
  series: `SELECT * FROM series WHERE ${live} ORDER BY series`,
  // Batches in a row become one interval.
  writers: `SELECT run, writer, min(first) AS first, max(last) AS last FROM (
      SELECT *, sum(begins) OVER (PARTITION BY run, writer ORDER BY first) AS island FROM (
        SELECT *, CASE WHEN first <= 1 + max(last) OVER (PARTITION BY run, writer ORDER BY first
          ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) THEN 0 ELSE 1 END AS begins
        FROM writers WHERE ${live}))
    GROUP BY run, writer, island ORDER BY writer, first`,
  findings: `SELECT * FROM findings WHERE ${live} AND version IN (SELECT max(version) FROM findings GROUP BY run)`,
  blobs: `SELECT * FROM blobs WHERE ${live} AND version IN (SELECT max(version) FROM blobs GROUP BY run, key)`,
};

/** Sorting a whole table would take memory in proportion to it; slices keep it at about a hundred megabytes. */
const big: readonly { table: TableName; key: "series" | "run"; where: string; order: string; sliceRows: number }[] = [
  {
    table: "rollups",
    key: "series",
    where: `level = 1 AND ${liveSeries}`,
    order: "series, ordinal",
    sliceRows: 800_000,
  },
  {
    table: "rollups",
    key: "series",
    where: `level > 1 AND ${liveSeries}`,
    order: "level, series, ordinal",
    sliceRows: 800_000,
  },
  { table: "points", key: "series", where: liveSeries, order: "series, ordinal", sliceRows: 4_000_000 },
  { table: "records", key: "run", where: live, order: "run, ordinal", sliceRows: 100_000 },
];

/** The name under which the new file is attached. */
const next = "compacted";

/** A file being written. `finish` must run while no transaction is open on the store. */
export class Compaction {
  private readonly file: string;
  /** Rows of each table that the first pass has seen. */
  private readonly seen = new Map<TableName, number>();

  private constructor(file: string) {
    this.file = file;
  }

  /** The first pass. `share` is the part of all points that stays, for an estimate of the space needed. */
  static async begin(
    source: Connection,
    files: { readonly from: string; readonly to: string },
    options: { readonly floorBytes?: number | undefined; readonly share: number },
  ): Promise<Compaction> {
    const directory = dirname(files.to);
    const space = spaceOf(directory, options.floorBytes);
    const needed = statSync(files.from).size * options.share;
    if (space.freeBytes < space.floorBytes + needed) throw diskFull(directory, space);
    const compaction = new Compaction(files.to);
    await source.execute(`ATTACH ${quote(files.to)} AS ${next}`);
    try {
      for (const statement of createTables(next)) await source.execute(statement);
      // One snapshot of all tables.
      await source.execute("BEGIN");
      for (const table of tableNames) {
        await source.query(`SELECT coalesce(max(rowid) + 1, 0)::DOUBLE FROM ${table}`, [], (chunk) => {
          compaction.seen.set(table, doubles(chunk, 0)[0] ?? 0);
        });
      }
      for (const [table, select] of Object.entries(small)) {
        await source.execute(`INSERT INTO ${next}.${table} ${select}`);
      }
      for (const { table, key, where, order, sliceRows } of big) {
        for (const slice of await slicesOf(source, { table, key, where, sliceRows })) {
          const select = `SELECT * FROM ${table} WHERE ${where} AND ${slice} ORDER BY ${order}`;
          await source.execute(`INSERT INTO ${next}.${table} ${select}`);
        }
      }
      await source.execute("COMMIT");
      return compaction;
    } catch (error) {
      await source.execute("ROLLBACK").catch(() => {});
      await compaction.abandon(source);
      throw error;
    }
  }

  /** The second pass, and the new file made durable. */
  async finish(source: Connection): Promise<void> {
    try {
      for (const table of tableNames) {
        const since = this.seen.get(table) ?? 0;
        const select = `SELECT * FROM ${table} WHERE rowid >= ${since} ORDER BY rowid`;
        await source.execute(`INSERT INTO ${next}.${table} ${select}`);
      }
      await source.execute(`CHECKPOINT ${next}`);
      await source.execute(`DETACH ${next}`);
    } catch (error) {
      await this.abandon(source);
      throw error;
    }
  }

  /** Removes what was written so far. */
  private async abandon(source: Connection): Promise<void> {
    // Detaching fails when the engine is broken, which whoever uses it next will notice.
    await source.execute(`DETACH ${next}`).catch(() => {});
    for (const file of [this.file, `${this.file}.wal`]) rmSync(file, { force: true });
  }
}

/** Conditions that cut the rows of a table into slices in the order of `key`; a key with many rows is cut by ordinal. */
async function slicesOf(
  source: Connection,
  { table, key, where, sliceRows }: { table: string; key: string; where: string; sliceRows: number },
): Promise<string[]> {
  const slices: string[] = [];
  let [from, rows] = [-1, 0];
  await source.query(
    `SELECT ${key}, count(*)::DOUBLE, max(ordinal)::DOUBLE FROM ${table} WHERE ${where} GROUP BY ${key} ORDER BY ${key}`,
    [],
    (chunk) => {
      const [counts, lasts] = [doubles(chunk, 1), doubles(chunk, 2)];
      for (const [index, value] of integers(chunk, 0).entries()) {
        const [count, last] = [counts[index] ?? 0, lasts[index] ?? 0];
        if (count > sliceRows) {
          if (rows > 0) slices.push(`${key} > ${from} AND ${key} < ${value}`);
          const parts = Math.ceil(count / sliceRows);
          const width = (last + 1) / parts;
          for (let part = 0; part < parts; part++) {
            const bounds = `ordinal >= ${Math.ceil(part * width)} AND ordinal < ${Math.ceil((part + 1) * width)}`;
            slices.push(`${key} = ${value} AND ${bounds}`);
          }
          [from, rows] = [value, 0];
        } else if (rows + count > sliceRows) {
          slices.push(`${key} > ${from} AND ${key} < ${value}`);
          [from, rows] = [value - 1, count];
        } else rows += count;
      }
    },
  );
  if (rows > 0) slices.push(`${key} > ${from}`);
  return slices;
}
