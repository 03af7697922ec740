import { existsSync, statSync } from "node:fs";
import { basename, dirname } from "node:path";
import { AppError, messageOf } from "../../base/errors.ts";
import type { StoreIncident } from "../store.ts";
import type { Catalog } from "./catalog.ts";
import { openRepaired } from "./engine.ts";
import type { Connection, EngineOptions } from "./engine.ts";
import { diskFull, spaceOf } from "./free-space.ts";
import { inUse, readOwner } from "./lock.ts";
import { Session } from "./session.ts";
import { currentFile } from "./store-file.ts";

/** A store that could not be reopened is tried again at most this often. */
const retryMs = 1000;

/**
 * Keeps one session open. The engine declares itself dead on some failures (a checkpoint on a full
 * disk), for reads too: then it is closed, opened again, and reads are repeated.
 */
export class Supervisor {
  readonly incidents: StoreIncident[] = [];
  /** How many reads there have been. */
  reads = 0;
  private readonly directory: string;
  private readonly options: EngineOptions & { readonly floorBytes?: number | undefined };
  private readonly now: () => number;
  private state: Session | undefined;
  private opening: Promise<Session> | undefined;
  private failedAt = Number.NEGATIVE_INFINITY;
  private failure: unknown;
  private closed = false;

  constructor(
    directory: string,
    options: EngineOptions & { readonly floorBytes?: number | undefined },
    now: () => number,
  ) {
    this.directory = directory;
    this.options = options;
    this.now = now;
  }

  /** The open session; opens one when there is none. */
  async session(): Promise<Session> {
    if (this.closed) throw new AppError("store-unavailable", "the store is closed");
    if (this.state !== undefined) return this.state;
    if (this.opening === undefined) {
      if (this.now() - this.failedAt < retryMs) throw this.explain(this.failure);
      this.opening = this.open();
    }
    return this.opening;
  }

  async read<T>(work: (reader: Connection, session: Session) => Promise<T>): Promise<T> {
    this.reads += 1;
    const session = await this.session();
    try {
      return await session.engine.read((reader) => work(reader, session));
    } catch (error) {
      if (error instanceof AppError || isBug(error)) throw error;
      if (!isFatal(error) && !session.closed) throw this.explain(error);
      await this.reopen(session, error);
      return this.readOnce(work);
    }
  }

  /** Like `read`, but not repeated when the engine dies meanwhile: for work of several steps. */
  async readOnce<T>(work: (reader: Connection, session: Session) => Promise<T>): Promise<T> {
    const session = await this.session();
    try {
      return await session.engine.read((reader) => work(reader, session));
    } catch (error) {
      if (error instanceof AppError || isBug(error)) throw error;
      const told = this.explain(error);
      if (isFatal(error)) await this.reopen(session, error);
      throw told;
    }
  }

  get isReading(): boolean {
    return this.state?.engine.isReading ?? false;
  }

  /** Puts a new session in the place of `broken`, unless that was done already. */
  async reopen(broken: Session, cause: unknown): Promise<void> {
    if (this.state === broken) {
      this.state = undefined;
      const message = messageOf(cause);
      this.opening = (async () => {
        await broken.close();
        const session = await this.open();
        if (isFatal(cause)) {
          this.incidents.push({ time: this.now(), what: `The store engine stopped and was opened again: ${message}` });
        }
        return session;
      })();
    }
    await this.opening?.catch(() => {});
  }

  /** Closes the session for good, or so that `replace` can put another file in its place. */
  async close(): Promise<void> {
    this.closed = true;
    const session = this.state ?? (await this.opening?.catch(() => undefined));
    await session?.close();
    this.state = undefined;
  }

  /** Closes the session, lets `change` swap files that hold the same, and opens what is current then. */
  async replace(change: () => void): Promise<void> {
    const session = await this.session();
    this.state = undefined;
    this.opening = (async () => {
      session.overviews.clear();
      await session.close();
      change();
      return this.open(session.catalog);
    })();
    await this.opening;
  }

  checkSpace(bytes: number): void {
    const space = spaceOf(this.directory, this.options.floorBytes);
    const wal = `${currentFile(this.directory)}.wal`;
    // A checkpoint writes what the log holds a second time before it gives the log's space back.
    const pending = 2 * bytes + (existsSync(wal) ? statSync(wal).size : 0);
    if (space.freeBytes < space.floorBytes + pending) throw diskFull(this.directory, space);
  }

  /** What a caller is told about `error`. */
  explain(error: unknown): AppError {
    if (error instanceof AppError) return error;
    const space = spaceOf(this.directory, this.options.floorBytes);
    if (space.freeBytes < space.floorBytes || /no space left|disk full/i.test(messageOf(error))) {
      return diskFull(this.directory, space, error);
    }
    return new AppError("store-unavailable", `The store failed: ${messageOf(error)}`, { cause: error });
  }

  private async open(catalog?: Catalog): Promise<Session> {
    const file = currentFile(this.directory);
    try {
      const engine = await openRepaired(file, this.options, (incident) => this.incidents.push(incident), this.now);
      this.state = await Session.start(engine, catalog);
      return this.state;
    } catch (error) {
      this.failedAt = this.now();
      this.failure = error;
      if (/Could not set lock|Conflicting lock/i.test(messageOf(error))) {
        throw inUse(dirname(file), readOwner(dirname(file)));
      }
      throw error instanceof AppError
        ? error
        : new AppError("store-unavailable", `${basename(file)} cannot be opened: ${messageOf(error)}`, {
            cause: error,
          });
    } finally {
      this.opening = undefined;
    }
  }
}

/** The engine has no error codes; these are the words with which it says that the instance is dead. */
const isFatal = (error: unknown): boolean => /FATAL|has been invalidated/i.test(messageOf(error));

/** What the engine throws is a plain `Error`; these come from our own code. */
const isBug = (error: unknown): boolean =>
  error instanceof TypeError || error instanceof RangeError || messageOf(error).startsWith("llmdbg bug");
