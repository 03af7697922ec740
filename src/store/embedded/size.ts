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
  let points = 0;
  let records = 0;
  for (const state of catalog.series.values()) points += state.count;
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

/** The part of all stored points that belongs to runs which are not deleted. */
export async function keptShare(reader: Connection, catalog: Catalog): Promise<number> {
  let stored = 0;
  await reader.query("SELECT count(*)::DOUBLE FROM points", [], (chunk) => {
    stored = doubles(chunk, 0)[0] ?? 0;
  });
  let live = 0;
  for (const state of catalog.series.values()) live += state.count;
  return stored === 0 ? 1 : Math.min(1, live / stored);
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
