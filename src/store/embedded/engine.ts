import { availableParallelism } from "node:os";
import { DuckDBInstance } from "@duckdb/node-api";
import type { DuckDBConnection, DuckDBDataChunk, DuckDBPreparedStatement } from "@duckdb/node-api";
import { dirname } from "node:path";
import { AppError, messageOf } from "../../base/errors.ts";
import { totalBytes } from "./free-space.ts";
import type { StoreIncident } from "../store.ts";
import { createTables, schemaVersion } from "./schema.ts";
import { nextFile } from "./store-file.ts";
import { damagedAt, entryStart, isLogFailure, keepAside, truncateLog, wholeBytes } from "./wal.ts";

export interface EngineOptions {
  readonly threads?: number | undefined;
  /** As the engine spells it, e.g. `512MB`. */
  readonly memoryLimit?: string | undefined;
}

/** Readers that may run at once; more wait. */
const readerCount = 4;

export type Parameter = number | string;

/**
 * A connection. Statements are not kept prepared: a plan is made with the statistics of the tables at
 * that moment, and one that was found to be empty then (a series without points) stays empty.
 */
export class Connection {
  readonly raw: DuckDBConnection;

  constructor(raw: DuckDBConnection) {
    this.raw = raw;
  }

  /** Runs one SELECT and hands over its chunks in order. */
  async query(sql: string, parameters: readonly Parameter[], onChunk: (chunk: DuckDBDataChunk) => void): Promise<void> {
    const statement = await this.prepare(sql, parameters);
    try {
      const result = await statement.run();
      for (let index = 0; index < result.chunkCount; index++) onChunk(result.getChunk(index));
    } finally {
      statement.destroySync();
    }
  }

  /** Like `query`, but the result is never held as a whole: for results of any size. */
  async stream(
    sql: string,
    parameters: readonly Parameter[],
    onChunk: (chunk: DuckDBDataChunk) => void,
  ): Promise<void> {
    const statement = await this.prepare(sql, parameters);
    try {
      const result = await statement.stream();
      for (;;) {
        const chunk = await result.fetchChunk();
        if (chunk === null || chunk.rowCount === 0) return;
        onChunk(chunk);
      }
    } finally {
      statement.destroySync();
    }
  }

  async execute(sql: string): Promise<void> {
    await this.raw.run(sql);
  }

  close(): void {
    this.raw.closeSync();
  }

  private async prepare(sql: string, parameters: readonly Parameter[]): Promise<DuckDBPreparedStatement> {
    const statement = await this.raw.prepare(sql);
    for (const [index, parameter] of parameters.entries()) bind(statement, index + 1, parameter);
    return statement;
  }
}

function bind(statement: DuckDBPreparedStatement, index: number, parameter: Parameter): void {
  if (typeof parameter === "string") statement.bindVarchar(index, parameter);
  else if (Number.isInteger(parameter) && Math.abs(parameter) < 2 ** 31) statement.bindInteger(index, parameter);
  else statement.bindDouble(index, parameter);
}

/** The write-ahead log is merged into the file when it is this long. Longer logs cost space, shorter ones ingest. */
const checkpointBytes = 32 * 1024 * 1024;
/** On a small file system the log stays below this share of it. */
const checkpointShare = 1 / 16;

/**
 * Settings that lock the engine in: no statement may touch a file but the store's own and the one that
 * the next compaction writes, or load code, and no later statement may allow it.
 */
const confine = (next: string): readonly string[] => [
  `SET allowed_paths = [${["", ".wal", ".wal.checkpoint", ".wal.recovery"].map((end) => quote(next + end)).join(", ")}]`,
  "SET enable_external_access = false",
  "SET lock_configuration = true",
];

export const quote = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** One open database file: a connection for the writer, a pool for readers. */
export class Engine {
  readonly writer: Connection;
  private readonly instance: DuckDBInstance;
  private readonly idle: Connection[];
  private readonly waiting: ((reader: Connection) => void)[] = [];
  private running = 0;
  private drained: (() => void) | undefined;

  private constructor(instance: DuckDBInstance, writer: Connection, readers: Connection[]) {
    this.instance = instance;
    this.writer = writer;
    this.idle = readers;
  }

  static async open(file: string, options: EngineOptions): Promise<Engine> {
    const directory = dirname(file);
    const checkpoint = Math.min(checkpointBytes, totalBytes(directory) * checkpointShare);
    const instance = await DuckDBInstance.create(file, {
      checkpoint_threshold: `${Math.ceil(checkpoint)}B`,
      threads: String(options.threads ?? availableParallelism()),
      memory_limit: options.memoryLimit ?? "512MB",
      autoinstall_known_extensions: "false",
      autoload_known_extensions: "false",
    });
    const connections: Connection[] = [];
    try {
      for (let index = 0; index <= readerCount; index++) connections.push(new Connection(await instance.connect()));
      const [writer, ...readers] = connections;
      if (writer === undefined) throw new AppError("store-unavailable", "no connection to the store");
      for (const statement of [...confine(nextFile(directory)), ...createTables()]) await writer.execute(statement);
      await checkVersion(writer);
      return new Engine(instance, writer, readers);
    } catch (error) {
      for (const connection of connections) connection.close();
      instance.closeSync();
      throw error;
    }
  }

  /** Whether a read is under way or waits. */
  get isReading(): boolean {
    return this.running > 0 || this.waiting.length > 0;
  }

  async read<T>(work: (reader: Connection) => Promise<T>): Promise<T> {
    const reader = this.idle.pop() ?? (await new Promise<Connection>((resolve) => this.waiting.push(resolve)));
    this.running += 1;
    try {
      return await work(reader);
    } finally {
      this.running -= 1;
      const next = this.waiting.shift();
      if (next === undefined) this.idle.push(reader);
      else next(reader);
      if (this.running === 0) this.drained?.();
    }
  }

  /** Waits for running reads, then closes. The caller makes sure that no new ones begin. */
  async close(): Promise<void> {
    while (this.isReading) {
      await new Promise<void>((resolve) => {
        this.drained = resolve;
      });
    }
    this.writer.close();
    for (const reader of this.idle) reader.close();
    this.instance.closeSync();
  }
}

async function checkVersion(connection: Connection): Promise<void> {
  let version = 0;
  await connection.query("SELECT max(version)::INTEGER FROM about", [], (chunk) => {
    version = Number(chunk.getColumnValues(0)[0]);
  });
  if (version === schemaVersion) return;
  throw new AppError(
    "store-unavailable",
    `The store was written by another version of llmdbg (format ${version}, this one reads ${schemaVersion}). Use that version, or another directory with LLMDBG_DIR.`,
  );
}

/**
 * Opens the file; a damaged tail of the write-ahead log is copied aside and cut off, and what that
 * means is told in an incident.
 */
export async function openRepaired(
  file: string,
  options: EngineOptions,
  report: (incident: StoreIncident) => void,
  now: () => number,
): Promise<Engine> {
  const wal = `${file}.wal`;
  const { whole, size } = wholeBytes(wal);
  if (size > whole) {
    const keptFile = keepAside(wal, now());
    report({
      time: now(),
      what: `The write-ahead log ended in an incomplete entry: its last ${size - whole} of ${size} bytes were not read. That is a batch whose write was interrupted, which nobody was told is stored, unless the file was damaged later. The log was copied to ${keptFile}.`,
      keptFile,
    });
  }
  for (let attempt = 0; ; attempt++) {
    try {
      return await Engine.open(file, options);
    } catch (error) {
      const message = messageOf(error);
      if (!isLogFailure(message) || attempt === 3) throw error;
      const keptFile = keepAside(wal, now());
      const position = damagedAt(message);
      // Without a position it is the entry that says it is longer than the log.
      const start = position === undefined ? whole : entryStart(wal, position);
      const before = wholeBytes(wal).size;
      truncateLog(wal, start);
      report({
        time: now(),
        what: `The write-ahead log was damaged from byte ${start} on, so the last ${before - start} of its ${before} bytes could not be read: the batches in them, the last ones before the store was closed, are lost. Everything before is there. The damaged log was copied to ${keptFile}.`,
        keptFile,
      });
    }
  }
}
