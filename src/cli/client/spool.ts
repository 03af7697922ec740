import { appendFileSync, closeSync, openSync, readSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { StringDecoder } from "node:string_decoder";
import { z } from "zod";
import { messageOf } from "../../base/errors.ts";
import { makeDirectory } from "../make-directory.ts";

const Line = z.object({ method: z.enum(["POST", "PATCH"]), path: z.string(), body: z.unknown() });

interface SpoolLetter {
  readonly method: "POST" | "PATCH";
  readonly path: string;
  /** JSON text. */
  readonly body: string;
}

/**
 * Requests of one run that wait on disk while the server is away: `<dir>/spool/<run>.<pid>.jsonl`, one
 * request a line, in order. When this process is gone the server delivers the file by itself.
 */
export class Spool {
  readonly path: string;
  readonly #directory: string;
  /** Lines not yet delivered. */
  count = 0;
  /** Letters lost because the disk took no more, and the reason. */
  lost = 0;
  lostBecause: string | undefined;
  /** Bytes of the file that are delivered. */
  #delivered = 0;

  constructor(directory: string, run: string) {
    this.#directory = join(directory, "spool");
    this.path = join(this.#directory, `${run}.${process.pid}.jsonl`);
  }

  write(letters: readonly SpoolLetter[]): void {
    const lines = letters.map(
      ({ method, path, body }) => `{"method":"${method}","path":${JSON.stringify(path)},"body":${body}}\n`,
    );
    try {
      makeDirectory(this.#directory);
      appendFileSync(this.path, lines.join(""), { mode: 0o600 });
      this.count += letters.length;
    } catch (thrown) {
      // The training must go on also with a full disk; what is lost is said at the end.
      this.lost += letters.length;
      this.lostBecause = messageOf(thrown);
    }
  }

  /** Sends line after line, then deletes the file. A throw of `send` stops; the next call goes on from that line. */
  async drain(send: (letter: SpoolLetter) => Promise<void>): Promise<void> {
    while (this.count > 0) {
      const { lines, bytes } = this.#read();
      if (lines.length === 0) break;
      for (const [i, line] of lines.entries()) {
        const letter = parse(line);
        if (letter !== undefined) await send(letter);
        this.count -= 1;
        this.#delivered += bytes[i] ?? 0;
      }
    }
    this.discard();
  }

  /** Deletes the file once it is delivered. */
  discard(): void {
    if (this.#delivered === 0) return;
    rmSync(this.path, { force: true });
    this.#delivered = 0;
    this.count = 0;
  }

  /** The next whole lines, as many as a few MB hold. */
  #read(): { lines: string[]; bytes: number[] } {
    const size = statSync(this.path).size;
    const decoder = new StringDecoder("utf8");
    const file = openSync(this.path, "r");
    let held = "";
    try {
      const piece = Buffer.alloc(1024 * 1024);
      for (let at = this.#delivered; at < size;) {
        const read = readSync(file, piece, 0, piece.length, at);
        if (read === 0) break;
        at += read;
        held += decoder.write(piece.subarray(0, read));
        if (at - this.#delivered > 4 * piece.length && held.includes("\n")) break;
      }
    } finally {
      closeSync(file);
    }
    const lines = held.split("\n");
    lines.pop();
    return { lines, bytes: lines.map((line) => Buffer.byteLength(line) + 1) };
  }
}

function parse(line: string): SpoolLetter | undefined {
  try {
    const { method, path, body } = Line.parse(JSON.parse(line));
    return { method, path, body: JSON.stringify(body) };
  } catch {
    // A line that a crash cut short; this process writes whole lines, so there is nothing to save in it.
    return undefined;
  }
}
