/** Rows of JSONL, JSON arrays and CSV, streamed: memory holds one piece of the file and one row. */
import { isUtf8 } from "node:buffer";
import { open } from "node:fs/promises";
import { StringDecoder } from "node:string_decoder";
import { AppError, messageOf } from "../../base/errors.ts";
import { plain } from "../terminal/text.ts";
import { badByte, refuseUtf16 } from "./encoding.ts";

export type RowFormat = "jsonl" | "json" | "csv";

/** A row as parsed, or why it could not be. Lines from 1. */
export interface ParsedRow {
  readonly line: number;
  readonly value?: unknown;
  readonly broken?: string;
}

const pieceBytes = 1024 * 1024;
/** A row of a hundred thousand tokens has about 1 MB as text. */
const largestRowBytes = 64 * 1024 * 1024;

export interface RowReading {
  readonly format: RowFormat;
  readonly onRow: (row: ParsedRow) => void;
  readonly onProgress: (bytes: number) => void;
}

export async function readRows(path: string, { format, onRow, onProgress }: RowReading): Promise<void> {
  const splitter =
    format === "jsonl" ? new LineRows(onRow) : format === "json" ? new ArrayRows(onRow) : new CsvRows(path, onRow);
  const file = await open(path, "r").catch((cause: unknown) => {
    throw new AppError("unreadable-input", `Cannot read ${path}: ${messageOf(cause)}`, { cause });
  });
  try {
    const piece = Buffer.allocUnsafe(pieceBytes);
    let isFirst = true;
    for (;;) {
      const { bytesRead } = await file.read(piece, 0, piece.length, null);
      if (bytesRead === 0) break;
      if (isFirst) refuseUtf16(path, piece.subarray(0, bytesRead));
      isFirst = false;
      splitter.push(piece.subarray(0, bytesRead));
      onProgress(bytesRead);
    }
    splitter.end();
  } finally {
    await file.close();
  }
}

type OnRow = RowReading["onRow"];

/** Bytes of a row that is not complete yet; a row beyond the limit is dropped and counted as broken. */
class Held {
  #parts: Buffer[] = [];
  #bytes = 0;

  get isEmpty(): boolean {
    return this.#bytes === 0;
  }

  add(part: Uint8Array): void {
    this.#bytes += part.length;
    if (this.#bytes <= largestRowBytes) this.#parts.push(Buffer.from(part));
    else this.#parts = [];
  }

  /** Undefined when it was too long. */
  take(last: Uint8Array): Buffer | undefined {
    const total = this.#bytes + last.length;
    const bytes = total > largestRowBytes ? undefined : Buffer.concat([...this.#parts, last]);
    this.#parts = [];
    this.#bytes = 0;
    return bytes;
  }
}

function emit(bytes: Buffer | undefined, line: number, onRow: OnRow): void {
  if (bytes === undefined) {
    onRow({ line, broken: "longer than 64 MB" });
    return;
  }
  if (!isUtf8(bytes)) {
    onRow({ line, broken: `not UTF-8 (${badByte(bytes)}); save the file as UTF-8` });
    return;
  }
  const text = bytes.toString("utf8");
  const trimmed = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  if (trimmed.trim() === "") return;
  try {
    onRow({ line, value: JSON.parse(trimmed) });
  } catch (thrown) {
    onRow({ line, broken: `not JSON, ${plain(messageOf(thrown)).slice(0, 120)}` });
  }
}

class LineRows {
  readonly #onRow: OnRow;
  readonly #held = new Held();
  #line = 1;

  constructor(onRow: OnRow) {
    this.#onRow = onRow;
  }

  push(piece: Buffer): void {
    let from = 0;
    for (let at = piece.indexOf(10); at !== -1; at = piece.indexOf(10, from)) {
      emit(this.#held.take(piece.subarray(from, at)), this.#line, this.#onRow);
      this.#line += 1;
      from = at + 1;
    }
    if (from < piece.length) this.#held.add(piece.subarray(from));
  }

  end(): void {
    if (!this.#held.isEmpty) emit(this.#held.take(new Uint8Array(0)), this.#line, this.#onRow);
  }
}

const [quote, backslash, comma, newline] = [0x22, 0x5c, 0x2c, 0x0a];
const [openList, closeList, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d];

/** Elements of the outermost list, told by brackets, so that the file is never whole in memory. */
class ArrayRows {
  readonly #onRow: OnRow;
  readonly #held = new Held();
  #line = 1;
  #start = 1;
  #depth = 0;
  #isText = false;
  #isEscaped = false;
  #isInside = false;

  constructor(onRow: OnRow) {
    this.#onRow = onRow;
  }

  push(piece: Buffer): void {
    let from = this.#isInside ? 0 : -1;
    for (let i = 0; i < piece.length; i += 1) {
      const byte = piece[i];
      if (byte === newline) this.#line += 1;
      if (this.#isText) {
        if (this.#isEscaped) this.#isEscaped = false;
        else if (byte === backslash) this.#isEscaped = true;
        else if (byte === quote) this.#isText = false;
        continue;
      }
      const closes = byte === closeList || byte === closeObject;
      if (this.#depth === 1 && (byte === comma || closes)) {
        if (from !== -1) this.#emit(piece.subarray(from, i));
        from = -1;
        this.#isInside = false;
        if (closes) this.#depth = 0;
        continue;
      }
      if (this.#depth === 1 && !this.#isInside && byte !== undefined && byte > 32) {
        this.#isInside = true;
        this.#start = this.#line;
        from = i;
      }
      if (byte === quote) this.#isText = true;
      else if (byte === openList || byte === openObject) this.#depth += 1;
      else if (closes) this.#depth -= 1;
    }
    if (from !== -1) this.#held.add(piece.subarray(from));
  }

  end(): void {
    if (this.#depth > 0 || this.#isInside) this.#onRow({ line: this.#start, broken: "the file ends inside the list" });
  }

  #emit(last: Uint8Array): void {
    emit(this.#held.take(last), this.#start, this.#onRow);
  }
}

/** RFC 4180: a field in quotes may hold commas, line ends and doubled quotes. */
class CsvRows {
  readonly #onRow: OnRow;
  readonly #decoder = new StringDecoder("utf8");
  readonly #delimiter: string;
  #header: string[] | undefined;
  #fields: string[] = [];
  #field = "";
  #line = 1;
  #start = 1;
  #isQuoted = false;
  #wasQuote = false;
  /** The file really holds U+FFFD, which otherwise stands for bytes that are not UTF-8. */
  #hasReplacement = false;

  constructor(path: string, onRow: OnRow) {
    this.#onRow = onRow;
    this.#delimiter = /\.tsv$/i.test(path) ? "\t" : ",";
  }

  push(piece: Buffer): void {
    this.#hasReplacement ||= piece.includes("\ufffd");
    this.#read(this.#decoder.write(piece));
  }

  end(): void {
    this.#read(this.#decoder.end());
    if (this.#isQuoted && !this.#wasQuote) this.#onRow({ line: this.#start, broken: "a quote is not closed" });
    else if (this.#field !== "" || this.#fields.length > 0) this.#endRow();
  }

  #read(text: string): void {
    let plainFrom = 0;
    for (let i = 0; i < text.length; i += 1) {
      const char = text.charAt(i);
      if (this.#isQuoted && !this.#wasQuote) {
        if (char === '"') {
          this.#field += text.slice(plainFrom, i);
          this.#wasQuote = true;
          plainFrom = i + 1;
        } else if (char === "\n") this.#line += 1;
        continue;
      }
      if (this.#wasQuote) {
        this.#wasQuote = false;
        if (char === '"') {
          // The doubled quote itself begins the next plain stretch.
          plainFrom = i;
          continue;
        }
        this.#isQuoted = false;
      }
      if (char === '"' && this.#field === "" && plainFrom === i) {
        this.#isQuoted = true;
        plainFrom = i + 1;
      } else if (char === this.#delimiter || char === "\n") {
        this.#field += text.slice(plainFrom, i);
        plainFrom = i + 1;
        if (char === "\n") {
          this.#endRow();
          this.#line += 1;
          this.#start = this.#line;
        } else this.#endField();
      }
    }
    if (!this.#wasQuote) this.#field += text.slice(plainFrom);
    if (this.#field.length > largestRowBytes) this.#field = "";
  }

  #endField(): void {
    this.#fields.push(this.#field);
    this.#field = "";
  }

  #endRow(): void {
    this.#field = this.#field.replace(/\r$/, "");
    this.#endField();
    const fields = this.#fields;
    this.#fields = [];
    if (fields.length === 1 && fields[0] === "") return;
    const header = this.#header;
    if (header === undefined) {
      this.#header = fields.map((name) => name.replace(/^\ufeff/, "").trim());
      return;
    }
    if (!this.#hasReplacement && fields.some((field) => field.includes("\ufffd")))
      this.#onRow({ line: this.#start, broken: "not UTF-8; save the file as UTF-8" });
    else if (fields.length !== header.length)
      this.#onRow({ line: this.#start, broken: `${fields.length} fields, the header has ${header.length}` });
    else
      this.#onRow({
        line: this.#start,
        value: Object.fromEntries(header.map((name, i) => [name, cell(fields[i] ?? "")])),
      });
  }
}

/** Lists are written as JSON into CSV files. */
function cell(text: string): unknown {
  if (!text.startsWith("[")) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
