import { appendFileSync, closeSync, mkdirSync, openSync, readSync, rmSync, statSync, truncateSync } from "node:fs";
import { dirname, join } from "node:path";
import { sayOnce } from "./say.ts";

export interface Letter {
  readonly method: "POST" | "PATCH";
  readonly path: string;
  readonly body: unknown;
}

const defaultLimitBytes = 1024 * 1024 * 1024;
const newline = 10;

/**
 * Requests that wait on disk while the server is away: one file for each run and process, one JSON object
 * a line, in order. This process delivers its own; when it is gone, the server of the directory does.
 * Written synchronously, so that it works in the last moment of a process as well.
 */
export class Spool {
  readonly path: string;
  readonly #limitBytes: number;
  #size: number;
  #readAt = 0;
  #nextAt = 0;

  constructor(directory: string, run: string, limitBytes = defaultLimitBytes) {
    this.path = join(directory, "spool", `${run}.${process.pid}.jsonl`);
    this.#limitBytes = limitBytes;
    this.#size = statSync(this.path, { throwIfNoEntry: false })?.size ?? 0;
  }

  get isEmpty(): boolean {
    return this.#size === 0;
  }

  /** False when it could not be kept: the disk is full or the limit reached. */
  add(letter: Letter): boolean {
    const line = Buffer.from(`${JSON.stringify(letter)}\n`);
    if (this.#size + line.length > this.#limitBytes) return false;
    try {
      mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 });
      appendFileSync(this.path, line, { mode: 0o600 });
    } catch {
      // A line that a full disk cut must not swallow the next one. When even that fails there is nothing to mend.
      try {
        truncateSync(this.path, this.#size);
      } catch {}
      return false;
    }
    this.#size += line.length;
    return true;
  }

  /** The oldest request that is not delivered yet; undefined when there is none. */
  next(): Letter | undefined {
    if (this.#readAt >= this.#size) return undefined;
    try {
      return this.#read();
    } catch (thrown) {
      sayOnce("spool-lost", `${this.path} can not be read any more, what waited there is lost: ${String(thrown)}`);
      this.#size = 0;
      this.#readAt = 0;
      return undefined;
    }
  }

  #read(): Letter {
    const pieces: Buffer[] = [];
    const file = openSync(this.path, "r");
    try {
      for (let at = this.#readAt; at < this.#size;) {
        const piece = Buffer.alloc(Math.min(1024 * 1024, this.#size - at));
        const count = readSync(file, piece, 0, piece.length, at);
        const end = piece.subarray(0, count).indexOf(newline);
        pieces.push(piece.subarray(0, end === -1 ? count : end));
        at += end === -1 ? count : end + 1;
        this.#nextAt = at;
        if (end !== -1 || count === 0) break;
      }
    } finally {
      closeSync(file);
    }
    return JSON.parse(Buffer.concat(pieces).toString("utf8")) as Letter;
  }

  /** Forgets the request that `next` answered; the file goes with the last one. */
  delivered(): void {
    this.#readAt = this.#nextAt;
    if (this.#readAt < this.#size) return;
    rmSync(this.path, { force: true });
    this.#size = 0;
    this.#readAt = 0;
  }

  /** Keeps aside what the server refuses for good, so that a person can look at it. */
  reject(letter: Letter, reason: string): void {
    try {
      mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 });
      appendFileSync(`${this.path}.rejected`, `${JSON.stringify({ ...letter, reason })}\n`, { mode: 0o600 });
    } catch {
      // There is no further place to put it; the sender has warned about the refusal.
    }
  }
}
