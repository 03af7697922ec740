import { open } from "node:fs/promises";
import { basename } from "node:path";
import { AppError } from "../../base/errors.ts";
import type { Decoded } from "../../model/batch.ts";
import {
  consoleFormat,
  mergeDecoded,
  refusalOf,
  sniffFormat,
  type Decoder,
  type DecoderContext,
  type Format,
} from "../../ingest/index.ts";
import { piecesOf } from "./pieces.ts";

/** What one file came to. */
export interface FileContent extends Decoded {
  readonly path: string;
  readonly format: Format;
  readonly sizeBytes: number;
}

const headBytes = 64 * 1024;

interface DecodeOptions {
  /** When given, the file must look like this format; otherwise any. */
  readonly format?: Format;
  readonly startedAt?: number | undefined;
  /** Called with bytes read and bytes in all. */
  readonly onProgress?: (read: number, total: number) => void;
}

/** Reads one file whole, in pieces, also a gzip file. Throws `unreadable-input` only when nothing in it can be read. */
export async function decodeFile(path: string, options: DecodeOptions = {}): Promise<FileContent> {
  const file = await openFile(path);
  try {
    const { size } = await file.stat();
    if (size === 0)
      throw new AppError("unreadable-input", `${path} is empty. Has the trainer written its first log yet?`);
    let decoding: Decoding | undefined;
    let damage: AppError | undefined;
    const parts: Decoded[] = [];
    try {
      for await (const { bytes, at } of piecesOf(file, path)) {
        decoding ??= begin(path, bytes, options);
        parts.push(decoding.decoder.push(bytes));
        options.onProgress?.(at, size);
      }
    } catch (thrown) {
      // Of a damaged file what comes before the damage counts.
      if (!(thrown instanceof AppError) || decoding === undefined) throw thrown;
      damage = thrown;
    }
    if (decoding === undefined) throw new AppError("unreadable-input", `${path} is empty once unpacked.`);
    parts.push(decoding.decoder.end());
    const decoded = mergeDecoded(parts);
    const rejected =
      damage === undefined ? decoded.rejected : [...decoded.rejected, { index: 0, reason: damage.message }];
    return { path, format: decoding.format, sizeBytes: size, ...decoded, rejected };
  } finally {
    await file.close();
  }
}

interface Decoding {
  readonly format: Format;
  readonly decoder: Decoder;
}

function begin(path: string, first: Uint8Array, options: DecodeOptions): Decoding {
  const format = options.format ?? formatOf(first.subarray(0, headBytes), path);
  const context: DecoderContext = { now: () => Number.NaN, startedAt: options.startedAt };
  return { format, decoder: format.decoder(context) };
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
  const name = basename(path).replace(/\.gz$/i, "");
  const refusal = refusalOf(head, name);
  if (refusal !== undefined) throw new AppError("unreadable-input", `${refusal}. (${path})`);
  return sniffFormat(head, name) ?? consoleFormat;
}
