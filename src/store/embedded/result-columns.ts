import duckdb from "@duckdb/node-bindings";
import type { DuckDBDataChunk } from "@duckdb/node-api";

/** Numbers of one column of a chunk. The query must have cast it to DOUBLE and coalesced NULL to NaN. */
export function doubles(chunk: DuckDBDataChunk, column: number): Float64Array {
  const rows = chunk.rowCount;
  const bytes = duckdb.vector_get_data(duckdb.data_chunk_get_vector(chunk.chunk, column), rows * 8);
  return new Float64Array(bytes.buffer, bytes.byteOffset, rows);
}

/** Integers of one column of a chunk whose type is INTEGER and which has no NULL. */
export function integers(chunk: DuckDBDataChunk, column: number): Int32Array {
  const rows = chunk.rowCount;
  const bytes = duckdb.vector_get_data(duckdb.data_chunk_get_vector(chunk.chunk, column), rows * 4);
  return new Int32Array(bytes.buffer, bytes.byteOffset, rows);
}

/** Texts of one column of a chunk; NULL stays null. */
export function texts(chunk: DuckDBDataChunk, column: number): readonly (string | null)[] {
  return chunk.getColumnValues(column).map((value) => (typeof value === "string" ? value : null));
}
