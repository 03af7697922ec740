import { open } from "node:fs/promises";
import { basename } from "node:path";
import { AppError } from "../../base/errors.ts";
import type { Decoded, Rejection } from "../../model/batch.ts";
import type { FlatConfig } from "../../model/config.ts";
import type { LogRecord } from "../../model/record.ts";
import { seriesId, type SeriesPoints } from "../../model/series.ts";
import { consoleFormat, sniffFormat } from "../../ingest/index.ts";
import type { DecoderContext, Format } from "../../ingest/format.ts";

/** What one file came to. */
export interface FileContent {
  readonly path: string;
  readonly format: Format;
  readonly series: readonly SeriesPoints[];
  readonly records: readonly LogRecord[];
  readonly config: FlatConfig;
  readonly dialect: string | undefined;
  readonly rejected: readonly Rejection[];
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
    if (size === 0) throw new AppError("unreadable-input", `${path} is empty. Has the trainer written its first log yet?`);
    const head = Buffer.alloc(Math.min(headBytes, size));
    await file.read(head, 0, head.length, 0);
    const format = options.format ?? formatOf(head, path);
    const context: DecoderContext = { now: () => Number.NaN, startedAt: options.startedAt };
    const decoder = format.decoder(context);
    const parts: Decoded[] = [];
    const piece = Buffer.alloc(pieceBytes);
    for (let at = 0; at < size; ) {
      const { bytesRead } = await file.read(piece, 0, piece.length, at);
      if (bytesRead === 0) break;
      at += bytesRead;
      parts.push(decoder.push(piece.subarray(0, bytesRead)));
      options.onProgress?.(at, size);
    }
    parts.push(decoder.end());
    return { path, format, sizeBytes: size, ...joined(parts) };
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

/** Text that no format claims is read as a console log; what is no text is refused. */
function formatOf(head: Uint8Array, path: string): Format {
  const format = sniffFormat(head, basename(path));
  if (format !== undefined) return format;
  if (looksBinary(head))
    throw new AppError(
      "unreadable-input",
      `${path} is a binary file that llmdbg does not know. It reads trainer_state.json, JSONL, CSV and console logs.`,
    );
  return consoleFormat;
}

/** Text has no NUL, and hardly any other control characters. */
function looksBinary(head: Uint8Array): boolean {
  let odd = 0;
  for (const byte of head) {
    if (byte === 0) return true;
    if (byte < 32 && byte !== 9 && byte !== 10 && byte !== 13 && byte !== 27 && byte !== 8 && byte !== 12) odd += 1;
  }
  return odd > head.length / 20;
}

/** Several pieces of one input as one: columns of a series put together in order. */
export function joined(parts: readonly Decoded[]): Pick<FileContent, "series" | "records" | "config" | "dialect" | "rejected"> {
  const bySeries = new Map<string, SeriesPoints[]>();
  const config: FlatConfig = Object.create(null);
  for (const part of parts) {
    for (const points of part.series) {
      const id = seriesId(points.name, points.labels);
      const known = bySeries.get(id);
      if (known === undefined) bySeries.set(id, [points]);
      else known.push(points);
    }
    for (const [key, value] of Object.entries(part.config)) config[key] = value;
  }
  return {
    series: [...bySeries.values()].flatMap((pieces) => concatenated(pieces)),
    records: parts.flatMap((part) => part.records),
    config,
    dialect: parts.findLast((part) => part.dialect !== undefined)?.dialect,
    rejected: parts.flatMap((part) => part.rejected),
  };
}

export function concatenated(pieces: readonly SeriesPoints[]): SeriesPoints[] {
  const [first] = pieces;
  if (first === undefined || pieces.length === 1) return first === undefined ? [] : [first];
  const length = pieces.reduce((sum, piece) => sum + piece.step.length, 0);
  const join = (column: "step" | "time" | "value"): Float64Array => {
    const all = new Float64Array(length);
    let at = 0;
    for (const piece of pieces) {
      all.set(piece[column], at);
      at += piece[column].length;
    }
    return all;
  };
  return [{ name: first.name, labels: first.labels, step: join("step"), time: join("time"), value: join("value") }];
}
