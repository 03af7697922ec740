import type { FileHandle } from "node:fs/promises";
import { createGunzip } from "node:zlib";
import { AppError } from "../../base/errors.ts";

const pieceBytes = 1024 * 1024;
/** What a compressed file may hold: 5 million rows of a log, and far from what a small hostile file can claim to. */
const maxUnpackedBytes = 4 * 1024 ** 3;

/** A piece of a file's content. `at`: bytes of the file itself that were read so far. */
export interface Piece {
  readonly bytes: Uint8Array;
  readonly at: number;
}

const isGzip = (head: Uint8Array): boolean => head[0] === 0x1f && head[1] === 0x8b;

/**
 * The content of a file in order; a gzip file's is unpacked. A piece is overwritten by the next. Throws
 * `unreadable-input` where a compressed file is cut or damaged, after all that could be unpacked.
 */
export async function* piecesOf(file: FileHandle, path: string): AsyncGenerator<Piece> {
  const magic = Buffer.alloc(2);
  await file.read(magic, 0, 2, 0);
  yield* isGzip(magic) ? unpacked(file, path) : plain(file);
}

async function* plain(file: FileHandle): AsyncGenerator<Piece> {
  // While one piece is worked on, the next is read into the other buffer.
  let [piece, other] = [Buffer.alloc(pieceBytes), Buffer.alloc(pieceBytes)];
  let at = 0;
  let reading = readAhead(file, piece, at);
  try {
    for (;;) {
      const { bytesRead } = await reading;
      if (bytesRead === 0) return;
      at += bytesRead;
      reading = readAhead(file, other, at);
      yield { bytes: piece.subarray(0, bytesRead), at };
      [piece, other] = [other, piece];
    }
  } finally {
    // Whoever stops reading closes the file next.
    await reading.catch(() => undefined);
  }
}

/** Nobody waits yet when it fails: whoever does later is told then. */
function readAhead(file: FileHandle, into: Buffer, at: number): ReturnType<FileHandle["read"]> {
  const reading = file.read(into, 0, into.length, at);
  reading.catch(() => undefined);
  return reading;
}

async function* unpacked(file: FileHandle, path: string): AsyncGenerator<Piece> {
  const packed = file.createReadStream({ start: 0, autoClose: false, highWaterMark: pieceBytes });
  const gunzip = createGunzip({ chunkSize: pieceBytes });
  packed.once("error", (error) => gunzip.destroy(error));
  packed.pipe(gunzip);
  let size = 0;
  try {
    for await (const bytes of gunzip) {
      if (!(bytes instanceof Uint8Array)) continue;
      size += bytes.length;
      if (size > maxUnpackedBytes)
        throw new AppError(
          "unreadable-input",
          `${path} unpacks to more than 4 GiB; unpack it, and give the part you need.`,
        );
      yield { bytes, at: packed.bytesRead };
    }
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError("unreadable-input", `${path} is cut or damaged after ${size} unpacked bytes.`, { cause });
  } finally {
    packed.destroy();
    gunzip.destroy();
  }
}
