import { z } from "zod";
import { DuckDBBlobValue } from "@duckdb/node-api";
import { Finding } from "../../model/finding.ts";
import { Run } from "../../model/run.ts";
import type { Connection } from "./engine.ts";
import { integers, texts } from "./result-columns.ts";

/** The rows that the index only points to, by version. A version that is not there yet is being committed. */
export async function readRuns(reader: Connection, versions: readonly number[]): Promise<ReadonlyMap<number, Run>> {
  const runs = new Map<number, Run>();
  if (versions.length === 0) return runs;
  await reader.query(`SELECT version, body FROM runs WHERE version IN (${versions.join(", ")})`, [], (chunk) => {
    const bodies = texts(chunk, 1);
    for (const [row, version] of integers(chunk, 0).entries()) {
      runs.set(version, Run.parse(JSON.parse(bodies[row] ?? "null")));
    }
  });
  return runs;
}

export async function readFindings(reader: Connection, version: number): Promise<Finding[] | undefined> {
  const found: Finding[][] = [];
  await reader.query("SELECT body FROM findings WHERE version = $1", [version], (chunk) => {
    for (const body of texts(chunk, 0)) found.push(z.array(Finding).parse(JSON.parse(body ?? "[]")));
  });
  return found[0];
}

export async function readBlob(reader: Connection, version: number): Promise<Uint8Array | undefined> {
  const found: Uint8Array[] = [];
  await reader.query("SELECT content FROM blobs WHERE version = $1", [version], (chunk) => {
    for (const value of chunk.getColumnValues(0)) {
      if (value instanceof DuckDBBlobValue) found.push(Uint8Array.from(value.bytes));
    }
  });
  return found[0];
}
