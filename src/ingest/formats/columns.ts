import type { Decoded } from "../../model/batch.ts";
import { LogRecord } from "../../model/record.ts";
import { Labels } from "../../model/series.ts";
import type { SeriesPoints } from "../../model/series.ts";
import { readColumns } from "../columns-reader.ts";
import type { ColumnsEntry } from "../columns-reader.ts";
import { DecodedBuilder } from "../decoded-builder.ts";
import type { Decoder, Format } from "../format.ts";
import { isObject, readLiteral } from "../literal.ts";
import type { Literal, LiteralObject } from "../literal.ts";
import { numberOf } from "../number-text.ts";
import { template } from "../records/template.ts";
import { decodeUtf8, replacements, Utf8 } from "../utf8.ts";

/** A document is read whole; this is some ten million points and keeps the memory bounded. */
const maxDocument = 256 * 1024 * 1024;
/** Records beyond this are left out and counted, as points beyond the cap of series are. */
const maxRecords = 100_000;

const Record = LogRecord.partial().extend({ message: LogRecord.shape.message, level: LogRecord.shape.level });

/**
 * `points.json`: series in columns, as `llmdbg.watch` and the fault benchmark write them.
 * `{"schema":"llmdbg.points/1","series":[{"name","labels"?,"step":[],"time"?:[],"value":[]}],"records"?:[]}`;
 * numbers that are not finite are the strings "NaN", "Infinity" and "-Infinity".
 */
export const columns: Format = {
  id: "columns",
  title: "llmdbg points.json",
  growth: "rewrite",
  sniff: (head) => /^\s*\{[^[\]]*"schema"\s*:\s*"llmdbg\.points\/1"/.test(decodeUtf8(head)),
  decoder: () => new ColumnsDecoder(),
};

class ColumnsDecoder implements Decoder {
  readonly #utf8 = new Utf8();
  readonly #out = new DecodedBuilder();
  /** The document, as long as it may be read out of its bytes. */
  #pieces: Pieces | undefined = new Pieces();
  #text: string[] = [];
  #length = 0;
  #dropped = 0;
  #unknown = new Float64Array(0);

  push(bytes: Uint8Array): Decoded {
    if (this.#pieces === undefined) this.#keep(this.#utf8.push(bytes));
    else this.#pieces.push(bytes);
    if (this.#pieces !== undefined && this.#pieces.length > maxDocument) this.#asText(this.#pieces.end());
    return this.#out.take();
  }

  end(): Decoded {
    if (this.#pieces !== undefined) {
      const pieces = this.#pieces.end();
      if (this.#readBytes(pieces)) return this.#out.finish(0);
      this.#asText(pieces);
    }
    this.#keep(this.#utf8.end());
    const text = this.#text.join("");
    this.#text = [];
    if (this.#dropped > 0)
      this.#out.reject(0, `the document is longer than the limit; ${this.#dropped} characters are left out`);
    const bad = replacements(text);
    if (bad > 0) this.#out.reject(0, `not UTF-8 in ${bad} places, shown as U+FFFD`);
    this.#read(text);
    return this.#out.finish(0);
  }

  #asText(pieces: readonly Uint8Array[]): void {
    this.#pieces = undefined;
    for (const bytes of pieces) this.#keep(this.#utf8.push(bytes));
  }

  /** The short way; false: nothing was read. */
  #readBytes(pieces: readonly Uint8Array[]): boolean {
    const read = readColumns(pieces);
    if (read === undefined) return false;
    const rest = readLiteral(read.rest);
    if (rest === undefined || rest.broken !== undefined || !isObject(rest.value)) return false;
    const document = rest.value;
    if (document.has("schema") || document.has("series")) return false;
    const labelled = read.series.map((entry) => ({
      ...entry,
      known: Labels.safeParse(Object.fromEntries(entry.labels)),
    }));
    const isWhole = ({ step, time, value }: ColumnsEntry): boolean =>
      step.length === value.length && (time === undefined || step.length === time.length);
    if (!labelled.every((entry) => entry.known.success && isWhole(entry))) return false;
    labelled.forEach(({ name, known, step, time, value }, at) => {
      if (known.success)
        this.#add({ name, labels: known.data, step, time: time ?? this.#noTimes(step), value }, at + 1);
    });
    this.#list(document, "records", (entry, i) => this.#record(entry, i));
    return true;
  }

  /** For series of the same length one column. */
  #noTimes({ length }: Float64Array): Float64Array {
    if (this.#unknown.length !== length) this.#unknown = new Float64Array(length).fill(Number.NaN);
    return this.#unknown;
  }

  #keep(text: string): void {
    const kept = text.slice(0, maxDocument - this.#length);
    this.#dropped += text.length - kept.length;
    this.#length += kept.length;
    if (kept !== "") this.#text.push(kept);
  }

  #read(text: string): void {
    const reading = readLiteral(text);
    const document = reading?.value;
    if (!isObject(document)) {
      this.#out.reject(0, text.trim() === "" ? "the file is empty" : "not a JSON object");
      return;
    }
    if (document.get("schema") !== "llmdbg.points/1") {
      this.#out.reject(0, "the schema is not llmdbg.points/1");
      return;
    }
    if (reading?.broken !== undefined) {
      const line = text.slice(0, reading.end).split("\n").length;
      this.#out.reject(line, `the document breaks off (${reading.broken}); what was complete is kept`);
    }
    this.#list(document, "series", (entry, i) => this.#series(entry, i));
    this.#list(document, "records", (entry, i) => this.#record(entry, i));
    if (!document.has("series") && !document.has("records")) this.#out.reject(0, "no series and no records");
  }

  /** Calls `read` with each entry of a member and its number from 1; it answers what is wrong with the entry. */
  #list(document: LiteralObject, name: string, read: (entry: LiteralObject, i: number) => string | undefined): void {
    const list = document.get(name) ?? [];
    if (!Array.isArray(list)) {
      this.#out.reject(0, `${name} is not a list`);
      return;
    }
    list.forEach((entry, at) => {
      const refusal = isObject(entry) ? read(entry, at + 1) : "not an object";
      if (refusal !== undefined) this.#out.reject(at + 1, `${name}[${at}]: ${refusal}`);
    });
  }

  #series(entry: LiteralObject, index: number): string | undefined {
    const name = entry.get("name");
    if (typeof name !== "string") return "no name";
    const labels = Labels.safeParse(plain(entry.get("labels") ?? new Map<string, Literal>()));
    if (!labels.success) return "labels are not texts";
    const [step, value] = [numbersOf(entry.get("step")), numbersOf(entry.get("value"))];
    if (step === undefined) return "step is not a list of numbers";
    if (value === undefined) return "value is not a list of numbers";
    const time = entry.has("time") ? numbersOf(entry.get("time")) : this.#noTimes(step);
    if (time === undefined) return "time is not a list of numbers";
    // Columns that broke off, or that were written apart, no longer say which value belongs to which step.
    if (step.length !== value.length || step.length !== time.length)
      return `columns of different length: ${step.length} steps, ${time.length} times, ${value.length} values`;
    this.#add({ name, labels: labels.data, step, time, value }, index);
    return undefined;
  }

  #add(points: SeriesPoints, index: number): void {
    if (this.#out.columns(points)) return;
    // Something of it is refused: what, is told point by point.
    const { name, labels, step, time, value } = points;
    value.forEach((number, i) => {
      this.#out.point(name, labels, { step: step[i] ?? Number.NaN, time: time[i] ?? Number.NaN, index }, number);
    });
  }

  #record(entry: LiteralObject, index: number): string | undefined {
    if (index > maxRecords) return `more than ${maxRecords} records`;
    const parsed = Record.safeParse(plain(entry));
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      return `${issue?.path.join(".") ?? "record"}: ${issue?.message ?? "not a record"}`;
    }
    const { message, group } = parsed.data;
    this.#out.record(LogRecord.parse({ time: null, ...parsed.data, group: group ?? template(message) }));
    return undefined;
  }
}

/** What was pushed, each piece but the last cut behind a comma, so that no number lies in two. */
class Pieces {
  length = 0;
  readonly #whole: Uint8Array[] = [];
  /** Behind the last comma. */
  #open: Uint8Array[] = [];

  push(bytes: Uint8Array): void {
    this.length += bytes.length;
    const end = bytes.lastIndexOf(comma) + 1;
    if (end > 0) {
      this.#whole.push(joined([...this.#open, bytes.subarray(0, end)]));
      this.#open = [];
    }
    // A copy: `slice` of a Node buffer would be none, and the reader of a file overwrites it.
    if (end < bytes.length) this.#open.push(Uint8Array.from(bytes.subarray(end)));
  }

  end(): Uint8Array[] {
    return [...this.#whole, joined(this.#open)];
  }
}

const comma = 44;

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** A list of numbers, those spelled as texts included; a missing one is NaN. */
function numbersOf(list: Literal | undefined): Float64Array | undefined {
  if (!Array.isArray(list)) return undefined;
  const numbers = new Float64Array(list.length);
  for (const [i, entry] of list.entries()) {
    const number =
      typeof entry === "number"
        ? entry
        : typeof entry === "string"
          ? numberOf(entry)
          : entry === null
            ? Number.NaN
            : undefined;
    if (number === undefined) return undefined;
    numbers[i] = number;
  }
  return numbers;
}

/** An object of a document as zod takes it; `fromEntries` defines members, so no key reaches a prototype. */
const plain = (value: Literal): unknown =>
  isObject(value) ? Object.fromEntries([...value].map(([key, member]) => [key, plain(member)])) : value;
