import { open, type FileHandle } from "node:fs/promises";
import type { Decoded } from "../../model/batch.ts";
import type { FlatConfig } from "../../model/config.ts";
import type { Decoder, Format } from "../../ingest/index.ts";
import { Unseen } from "../read/unseen.ts";

const pieceBytes = 1024 * 1024;
/** Bytes before the read position that must still be the same; if not the file was rewritten. */
const guardBytes = 256;

/**
 * Follows one file of a trainer while it grows, is truncated, replaced or rewritten.
 *
 * A file of a format that only grows is read from where the last reading ended; when its bytes before that
 * place changed, or it is shorter, or another file has its name, it is new content and is read from its start.
 * A file of a format that is rewritten is decoded whole at each change, and only unseen points pass.
 */
export class Follower {
  readonly path: string;
  readonly format: Format;
  /** How often the content was found replaced, truncated or rewritten. */
  restarts = 0;
  points = 0;
  rejected: Decoded["rejected"] = [];
  readonly #config: FlatConfig;
  readonly #unseen = new Unseen();
  #decoder: Decoder;
  #offset = 0;
  #inode: number | undefined;
  #stamp = "";
  #guard = Buffer.alloc(0);
  #skip: number;
  #notBefore = 0;

  /** `skip`: bytes that were there before the run began; they are decoded for their header and given to nobody. */
  constructor(path: string, format: Format, skip: number, config: FlatConfig) {
    this.path = path;
    this.format = format;
    this.#skip = format.growth === "append" ? skip : 0;
    this.#config = config;
    this.#decoder = this.#newDecoder();
  }

  /** What is new since the last call. */
  async poll(isLast = false): Promise<Decoded[]> {
    if (Date.now() < this.#notBefore && !isLast) return [];
    let file: FileHandle;
    try {
      file = await open(this.path, "r");
    } catch {
      // Removed, perhaps to be written again: what was read stays.
      return [];
    }
    try {
      const { size, mtimeMs, ino } = await file.stat();
      const stamp = `${ino} ${size} ${mtimeMs}`;
      const parts =
        stamp === this.#stamp
          ? []
          : this.format.growth === "append"
            ? await this.#grown(file, size, ino)
            : await this.#rewritten(file, size);
      this.#stamp = stamp;
      if (isLast && this.format.growth === "append") parts.push(this.#decoder.end());
      for (const part of parts) for (const { step } of part.series) this.points += step.length;
      return parts;
    } finally {
      await file.close();
    }
  }

  async #grown(file: FileHandle, size: number, inode: number): Promise<Decoded[]> {
    const isReplaced =
      this.#inode !== undefined && (inode !== this.#inode || size < this.#offset || !(await this.#guardHolds(file)));
    if (isReplaced) {
      this.restarts += 1;
      this.#decoder = this.#newDecoder();
      this.#offset = 0;
      this.#skip = 0;
    }
    this.#inode = inode;
    const parts: Decoded[] = [];
    const piece = Buffer.alloc(Math.min(pieceBytes, Math.max(1, size - this.#offset)));
    while (this.#offset < size) {
      const until = this.#offset < this.#skip ? Math.min(size, this.#skip) : size;
      const { bytesRead } = await file.read(piece, 0, Math.min(piece.length, until - this.#offset), this.#offset);
      if (bytesRead === 0) break;
      const bytes = piece.subarray(0, bytesRead);
      const decoded = this.#decoder.push(bytes);
      if (this.#offset >= this.#skip) {
        parts.push(decoded);
        this.rejected = [...this.rejected, ...decoded.rejected].slice(0, 1000);
      }
      this.#offset += bytesRead;
      this.#guard = Buffer.from(Buffer.concat([this.#guard, bytes]).subarray(-guardBytes));
    }
    return parts;
  }

  async #guardHolds(file: FileHandle): Promise<boolean> {
    const now = Buffer.alloc(this.#guard.length);
    await file.read(now, 0, now.length, this.#offset - now.length);
    return now.equals(this.#guard);
  }

  async #rewritten(file: FileHandle, size: number): Promise<Decoded[]> {
    const startedAt = Date.now();
    this.#unseen.restart();
    const decoder = this.#newDecoder();
    const parts: Decoded[] = [];
    const piece = Buffer.alloc(Math.min(pieceBytes, Math.max(1, size)));
    for (let at = 0; at < size;) {
      const { bytesRead } = await file.read(piece, 0, piece.length, at);
      if (bytesRead === 0) break;
      at += bytesRead;
      parts.push(decoder.push(piece.subarray(0, bytesRead)));
    }
    parts.push(decoder.end());
    this.rejected = parts.flatMap((part) => part.rejected);
    // A long file that is rewritten often must not keep us busy.
    this.#notBefore = Date.now() + 20 * (Date.now() - startedAt);
    return parts.map((part) => ({ ...part, series: this.#unseen.take(part.series) }));
  }

  #newDecoder(): Decoder {
    return this.format.decoder({ now: () => Date.now(), config: this.#config });
  }
}
