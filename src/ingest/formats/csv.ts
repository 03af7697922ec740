import type { Decoded } from "../../model/batch.ts";
import { LineFeed } from "../byte-rows.ts";
import type { LineReader } from "../byte-rows.ts";
import { CsvSplitter, splitCsvLine } from "../csv-splitter.ts";
import type { CsvRow } from "../csv-splitter.ts";
import { DecodedBuilder } from "../decoded-builder.ts";
import type { Decoder, DecoderContext, Format } from "../format.ts";
import type { Literal } from "../literal.ts";
import { numberOf } from "../number-text.ts";
import { CsvRowReader } from "../row-form.ts";
import { addRow } from "../rows.ts";
import { findStepKey } from "../step-key.ts";
import { decodeUtf8, replacements, Utf8 } from "../utf8.ts";

const delimiters = [",", "\t", ";", "|"] as const;
/** Spellings of a missing value; `nan` is a value. */
const missing = new Set(["", "NA", "N/A", "null", "None"]);

/** CSV or TSV with a step-like column, such as Lightning's and Keras' CSV loggers write. */
export const csv: Format = {
  id: "csv",
  title: "CSV with a step",
  // Lightning rewrites the whole file when a column appears.
  growth: "rewrite",
  sniff(head) {
    const text = decodeUtf8(head);
    const end = text.search(/\r?\n/);
    return headerOf((end === -1 ? text : text.slice(0, end)).trim()) !== undefined;
  },
  decoder: (context) => new CsvDecoder(context),
};

interface Header {
  readonly columns: readonly string[];
  readonly delimiter: string;
}

/** A header has names, at least two different ones, and one of them is a step's. Of a name that comes twice the first column counts. */
function headerOf(line: string): Header | undefined {
  for (const delimiter of delimiters) {
    if (!line.includes(delimiter)) continue;
    const columns = splitCsvLine(line, delimiter).map((name) => name.trim());
    if (isHeader(columns)) return { columns, delimiter };
  }
  return undefined;
}

const isHeader = (columns: readonly string[]): boolean => {
  const names = new Set(columns);
  if (names.size < 2) return false;
  if (columns.some((name) => numberOf(name) !== undefined || name.length > 200 || /[{}"]/.test(name))) return false;
  return findStepKey((key) => names.has(key)) !== undefined;
};

class CsvDecoder implements Decoder {
  readonly #utf8 = new Utf8();
  readonly #rows = new CsvSplitter();
  readonly #out = new DecodedBuilder();
  readonly #now: () => number;
  #header: Header | undefined;
  /** For rows of numbers; none where a comma may be a decimal point, or a name comes twice. */
  #reader: CsvRowReader | undefined;
  readonly #feed = new LineFeed();
  readonly #lineReader: LineReader;

  constructor(context: DecoderContext) {
    this.#now = context.now;
    this.#lineReader = {
      out: this.#out,
      now: context.now,
      line: () => this.#rows.line,
      passed: (lines) => void (this.#rows.line += lines),
      forms: () => (this.#rows.isOpen ? undefined : this.#reader?.byteForms) ?? [],
      read: (bytes) => this.#rows.push(this.#utf8.push(bytes)).forEach((row) => this.#read(row)),
    };
  }

  push(bytes: Uint8Array): Decoded {
    this.#feed.push(bytes, this.#lineReader);
    return this.#out.take();
  }

  end(): Decoded {
    this.#feed.end(this.#lineReader);
    for (const row of this.#rows.push(this.#utf8.end())) this.#read(row);
    for (const row of this.#rows.end()) this.#read(row);
    return this.#out.finish(this.#rows.line);
  }

  #read(row: CsvRow): void {
    if (row.text.trim() === "") return;
    if (row.cut > 0) {
      this.#out.reject(row.line, "the row is longer than the limit");
      return;
    }
    const bad = replacements(row.text);
    if (bad > 0) this.#out.reject(row.line, `not UTF-8 in ${bad} places, shown as U+FFFD`);
    if (this.#header === undefined) {
      this.#head(headerOf(row.text));
      if (this.#header === undefined) this.#out.reject(row.line, "no header with a step column before this row");
      return;
    }
    if (this.#reader?.read(row.text, row.line, this.#out, this.#now) === true) return;
    const fields = splitCsvLine(row.text, this.#header.delimiter);
    const names = fields.map((field) => field.trim());
    if (isHeader(names)) {
      // The same header again (a resumed logger), or another one: the rows below are read with it.
      this.#head({ columns: names, delimiter: this.#header.delimiter });
      return;
    }
    this.#values(row, fields, this.#header);
  }

  #head(header: Header | undefined): void {
    this.#header = header;
    const columns = header?.columns ?? [];
    const isPlain = new Set(columns).size === columns.length && !columns.includes("");
    this.#reader =
      header !== undefined && isPlain && header.delimiter !== ";"
        ? new CsvRowReader(columns, header.delimiter)
        : undefined;
  }

  #values(row: CsvRow, fields: readonly string[], { columns, delimiter }: Header): void {
    if (fields.length !== columns.length) {
      this.#out.reject(row.line, `${fields.length} fields under a header of ${columns.length}`);
      return;
    }
    const values = new Map<string, Literal>();
    columns.forEach((column, i) => {
      const field = plain((fields[i] ?? "").trim(), delimiter);
      if (!missing.has(field) && column !== "" && !values.has(column)) values.set(column, field);
    });
    const refusal = addRow(
      { index: row.line, has: (k) => values.has(k), get: (k) => values.get(k), entries: () => values },
      this.#out,
      { now: this.#now },
    );
    if (refusal !== undefined) this.#out.reject(row.line, refusal);
  }
}

/** Where the semicolon parts the fields, spreadsheets write the decimal point as a comma. */
const plain = (field: string, delimiter: string): string =>
  delimiter === ";" && /^[-+]?\d*,\d+(?:[eE][-+]?\d+)?$/.test(field) ? field.replace(",", ".") : field;
