import duckdb from "@duckdb/node-bindings";
import { blobValue, DuckDBDataChunk } from "@duckdb/node-api";
import type { DuckDBAppender, DuckDBConnection, DuckDBValue } from "@duckdb/node-api";
import { assert } from "../../base/assert.ts";
import { engineTypes, tables } from "./schema.ts";
import type { ColumnType, TableName } from "./schema.ts";

/** Rows of one data chunk of the engine. */
export const chunkRows = 2048;

/**
 * Columns of numbers, filled in place and handed to the engine 2,048 rows at a time without an object
 * a row. A bigint column is written as two words: low, then high.
 */
export class NumberWriter {
  readonly columns: readonly (Int32Array | Float64Array)[];
  /** Rows filled and not yet handed over. */
  rows = 0;
  private readonly types: readonly ColumnType[];
  private readonly chunk: DuckDBDataChunk;
  private readonly appender: DuckDBAppender;
  private dirty = false;

  private constructor(appender: DuckDBAppender, types: readonly ColumnType[]) {
    this.appender = appender;
    this.types = types;
    this.columns = types.map((type) => {
      if (type === "double") return new Float64Array(chunkRows);
      return new Int32Array(type === "bigint" ? 2 * chunkRows : chunkRows);
    });
    this.chunk = DuckDBDataChunk.create(types.map((type) => engineTypes[type]));
  }

  static async open(connection: DuckDBConnection, table: TableName): Promise<NumberWriter> {
    return new NumberWriter(await connection.createAppender(table), Object.values(tables[table]));
  }

  integers(index: number): Int32Array {
    const column = this.columns[index];
    assert(column instanceof Int32Array, `column ${index} holds integers`);
    return column;
  }

  doubles(index: number): Float64Array {
    const column = this.columns[index];
    assert(column instanceof Float64Array, `column ${index} holds doubles`);
    return column;
  }

  /** Hands the filled rows over when the chunk is full. */
  handOver(): void {
    if (this.rows === 0) return;
    this.chunk.reset();
    this.chunk.rowCount = this.rows;
    for (const [index, column] of this.columns.entries()) {
      const width = this.types[index] === "integer" ? 4 : 8;
      const vector = duckdb.data_chunk_get_vector(this.chunk.chunk, index);
      assert(column.buffer instanceof ArrayBuffer, "columns are not shared");
      duckdb.copy_data_to_vector(vector, 0, column.buffer, 0, this.rows * width);
    }
    this.appender.appendDataChunk(this.chunk);
    this.rows = 0;
    this.dirty = true;
  }

  /** Moves everything into the transaction that is open on the connection. */
  flush(): void {
    this.handOver();
    if (this.dirty) this.appender.flushSync();
    this.dirty = false;
  }

  close(): void {
    this.appender.closeSync();
  }
}

export type Cell = number | string | Uint8Array | null;

/** Rows with texts, one array a row: for tables that get a few rows a batch. */
export class RowWriter {
  private readonly types: readonly ColumnType[];
  private readonly appender: DuckDBAppender;
  private pending: Cell[][] = [];
  private dirty = false;

  private constructor(appender: DuckDBAppender, types: readonly ColumnType[]) {
    this.appender = appender;
    this.types = types;
  }

  static async open(connection: DuckDBConnection, table: TableName): Promise<RowWriter> {
    return new RowWriter(await connection.createAppender(table), Object.values(tables[table]));
  }

  push(row: Cell[]): void {
    this.pending.push(row);
    if (this.pending.length === chunkRows) this.handOver();
  }

  flush(): void {
    this.handOver();
    if (this.dirty) this.appender.flushSync();
    this.dirty = false;
  }

  close(): void {
    this.appender.closeSync();
  }

  private handOver(): void {
    if (this.pending.length === 0) return;
    const chunk = DuckDBDataChunk.create(
      this.types.map((type) => engineTypes[type]),
      this.pending.length,
    );
    for (const index of this.types.keys()) {
      const values = this.pending.map((row): DuckDBValue => {
        const cell = row[index] ?? null;
        return cell instanceof Uint8Array ? blobValue(cell) : cell;
      });
      chunk.setColumnValues(index, values);
    }
    this.appender.appendDataChunk(chunk);
    this.pending = [];
    this.dirty = true;
  }
}
