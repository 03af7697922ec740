import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { SizeReport } from "../store.ts";
import type { Catalog } from "./catalog.ts";
import type { Connection } from "./engine.ts";
import { spaceOf } from "./free-space.ts";
import { doubles } from "./result-columns.ts";
import { tableNames } from "./schema.ts";

/** Rows as the engine counts them, rows of deleted runs included until `compact`. */
export async function sizeOf(directory: string, reader: Connection, catalog: Catalog): Promise<SizeReport> {
  let blockBytes = 0;
  await reader.query("SELECT block_size::DOUBLE FROM pragma_database_size()", [], (chunk) => {
    blockBytes = doubles(chunk, 0)[0] ?? 0;
  });
  const tables: { name: string; rows: number; bytes: number }[] = [];
  for (const name of tableNames) {
    let rows = 0;
    let blocks = 0;
    await reader.query(`SELECT count(*)::DOUBLE FROM ${name}`, [], (chunk) => {
      rows = doubles(chunk, 0)[0] ?? 0;
    });
    await reader.query(
      `SELECT count(DISTINCT block_id)::DOUBLE FROM pragma_storage_info('${name}') WHERE block_id >= 0`,
      [],
      (chunk) => {
        blocks = doubles(chunk, 0)[0] ?? 0;
      },
    );
    tables.push({ name, rows, bytes: blocks * blockBytes });
  }
  const { live: points } = await countPoints(reader);
  let records = 0;
  for (const run of catalog.runs.values()) records += run.records;
  return {
    totalBytes: directoryBytes(directory),
    freeBytes: spaceOf(directory, undefined).freeBytes,
    runs: catalog.runs.size,
    points,
    records,
    tables,
  };
}

/** Stored points, and those of them whose run is not deleted. */
export async function countPoints(reader: Connection): Promise<{ readonly stored: number; readonly live: number }> {
  let counts = { stored: 0, live: 0 };
  await reader.query(
    `SELECT count(*)::DOUBLE, (count(*) FILTER (WHERE series NOT IN (
        SELECT series FROM series WHERE run IN (SELECT run FROM dropped))))::DOUBLE FROM points`,
    [],
    (chunk) => {
      counts = { stored: doubles(chunk, 0)[0] ?? 0, live: doubles(chunk, 1)[0] ?? 0 };
    },
  );
  return counts;
}

function directoryBytes(directory: string): number {
  let bytes = 0;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    try {
      if (entry.isDirectory()) bytes += directoryBytes(path);
      else if (entry.isFile()) bytes += statSync(path).size;
    } catch {
      // Removed since the directory was listed: it takes no space.
    }
  }
  return bytes;
}
