import { open } from "node:fs/promises";
import { basename } from "node:path";
import { AppError } from "../../base/errors.ts";
import type { Decoded } from "../../model/batch.ts";
import {
  consoleFormat,
  mergeDecoded,
  refusalOf,
  sniffFormat,
  type DecoderContext,
  type Format,
} from "../../ingest/index.ts";

/** What one file came to. */
export interface FileContent extends Decoded {
  readonly path: string;
  readonly format: Format;
  readonly sizeBytes: number;
}

const headBytes = 64 * 1024;
const pieceBytes = 1024 * 1024;

interface DecodeOptions {
  /** When given, the file must look like this format; otherwise any. */
  readonly format?: Format;
  readonly startedAt?: number | undefined;
  /** Called with bytes read and bytes in all. */
  readonly onProgress?: (read: number, total: number) => void;
}

/** Reads one file whole, in pieces. Throws `unreadable-input` only when nothing in it can be read. */
export async function decodeFile(path: string, options: DecodeOptions = {}): Promise<FileContent> {
  const file = await openFile(path);
  try {
    const { size } = await file.stat();
    if (size === 0)
      throw new AppError("unreadable-input", `${path} is empty. Has the trainer written its first log yet?`);
    const head = Buffer.alloc(Math.min(headBytes, size));
    await file.read(head, 0, head.length, 0);
    const format = options.format ?? formatOf(head, path);
    const context: DecoderContext = { now: () => Number.NaN, startedAt: options.startedAt };
    const decoder = format.decoder(context);
    const parts: Decoded[] = [];
    const piece = Buffer.alloc(pieceBytes);
    for (let at = 0; at < size;) {
      const { bytesRead } = await file.read(piece, 0, piece.length, at);
      if (bytesRead === 0) break;
      at += bytesRead;
      parts.push(decoder.push(piece.subarray(0, bytesRead)));
      options.onProgress?.(at, size);
    }
    parts.push(decoder.end());
    return { path, format, sizeBytes: size, ...mergeDecoded(parts) };
  } finally {
    await file.close();
  }
}

async function openFile(path: string): ReturnType<typeof open> {
  try {
    return await open(path, "r");
  } catch (cause) {
    throw new AppError("unreadable-input", `Cannot read ${path}: ${reason(cause)}`, { cause });
  }
}

const reason = (thrown: unknown): string => {
  const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
  if (code === "ENOENT") return "no such file or directory";
  if (code === "EACCES") return "no permission";
  return thrown instanceof Error ? thrown.message : String(thrown);
};

/** Text that no format claims is read as a console log. */
function formatOf(head: Uint8Array, path: string): Format {
  const refusal = refusalOf(head, basename(path));
  if (refusal !== undefined) throw new AppError("unreadable-input", `${refusal}. (${path})`);
  return sniffFormat(head, basename(path)) ?? consoleFormat;
}
