/** Text in pieces to rows, for each form of file. None throws on bad input: that is what `reject` is for. */
import { maxLineBytes } from "../format.ts";
import { CsvSplitter, splitCsvLine } from "../csv-splitter.ts";
import { LineSplitter, type Line } from "../line-splitter.ts";
import { readLiteral } from "../literal.ts";
import { parseValue, type RowSink } from "./row.ts";
import { cellValue } from "./values.ts";

export interface Splitter {
  push(text: string): void;
  end(): void;
}

const tooLong = `longer than ${Math.round(maxLineBytes / 1e6)} MB`;

/** One JSON value on each line. */
export class JsonLines implements Splitter {
  readonly #sink: RowSink;
  readonly #lines = new LineSplitter({ returns: false });
  #line = 0;

  constructor(sink: RowSink) {
    this.#sink = sink;
  }

  push(text: string): void {
    for (const line of this.#lines.push(text)) this.#read(line);
  }

  end(): void {
    for (const line of this.#lines.end()) this.#read(line);
  }

  #read({ text, cut }: Line): void {
    this.#line += 1;
    if (cut > 0) this.#sink.reject(this.#line, tooLong);
    else if (text.trim() !== "") readJson(text, this.#line, this.#sink);
  }
}

function readJson(text: string, line: number, sink: RowSink): void {
  const value = parseValue(text);
  if (value === undefined) sink.reject(line, `not JSON: ${text.trim().slice(0, 40)}`);
  else sink.row(line, value);
}

/** The elements of the outermost list, told by brackets, so that the file is never whole in memory. */
export class JsonList implements Splitter {
  readonly #sink: RowSink;
  #held: string[] = [];
  #length = 0;
  #line = 1;
  #start = 1;
  #depth = 0;
  #isText = false;
  #isEscaped = false;
  #isInside = false;

  constructor(sink: RowSink) {
    this.#sink = sink;
  }

  push(text: string): void {
    let from = this.#isInside ? 0 : -1;
    for (let i = 0; i < text.length; i += 1) {
      const code = text.charCodeAt(i);
      if (code === 10) this.#line += 1;
      if (this.#isText) {
        if (this.#isEscaped) this.#isEscaped = false;
        else if (code === 92) this.#isEscaped = true;
        else if (code === 34) this.#isText = false;
        continue;
      }
      const closes = code === 93 || code === 125;
      if (this.#depth === 1 && (code === 44 || closes)) {
        if (from !== -1) this.#take(text.slice(from, i));
        from = -1;
        this.#isInside = false;
        if (closes) this.#depth = 0;
        continue;
      }
      if (this.#depth === 1 && !this.#isInside && code > 32) {
        this.#isInside = true;
        this.#start = this.#line;
        from = i;
      }
      if (code === 34) this.#isText = true;
      else if (code === 91 || code === 123) this.#depth += 1;
      else if (closes) this.#depth -= 1;
    }
    if (from !== -1) this.#hold(text.slice(from));
  }

  end(): void {
    if (this.#depth > 0 || this.#isInside) this.#sink.reject(this.#start, "the file ends inside the list");
  }

  #hold(text: string): void {
    this.#length += text.length;
    if (this.#length <= maxLineBytes) this.#held.push(text);
    else this.#held = [];
  }

  #take(last: string): void {
    this.#hold(last);
    if (this.#length > maxLineBytes) this.#sink.reject(this.#start, tooLong);
    else readJson(this.#held.join(""), this.#start, this.#sink);
    this.#held = [];
    this.#length = 0;
  }
}

const delimiters = [",", "\t", ";", "|"];

/** The delimiter that splits a header into most columns; undefined where none does. */
export function delimiterOf(header: string): string | undefined {
  const [best] = delimiters
    .map((delimiter) => ({ delimiter, columns: splitCsvLine(header, delimiter).length }))
    .toSorted((a, b) => b.columns - a.columns);
  return best === undefined || best.columns < 2 ? undefined : best.delimiter;
}

/** A table with names in its first row. */
export class Table implements Splitter {
  readonly #sink: RowSink;
  readonly #rows = new CsvSplitter();
  readonly #delimiter: string;
  #header: string[] | undefined;

  constructor(sink: RowSink, delimiter: string) {
    this.#sink = sink;
    this.#delimiter = delimiter;
  }

  push(text: string): void {
    for (const row of this.#rows.push(text)) this.#read(row.text, row.line, row.cut);
  }

  end(): void {
    for (const row of this.#rows.end()) this.#read(row.text, row.line, row.cut);
  }

  #read(text: string, line: number, cut: number): void {
    if (cut > 0) {
      this.#sink.reject(line, tooLong);
      return;
    }
    if (text.trim() === "") return;
    const cells = splitCsvLine(text, this.#delimiter);
    const header = this.#header;
    if (header === undefined) {
      this.#header = cells.map((name) => name.trim());
      return;
    }
    if (cells.length !== header.length) {
      this.#sink.reject(line, `${cells.length} fields, the header has ${header.length}`);
      return;
    }
    const fields: Record<string, unknown> = {};
    header.forEach((name, i) =>
      Object.defineProperty(fields, name, { value: cellValue(cells[i] ?? ""), enumerable: true, configurable: true }),
    );
    this.#sink.row(line, fields);
  }
}

/** One text on each line; the last line end begins no further one. */
export class TextLines implements Splitter {
  readonly #sink: RowSink;
  readonly #lines = new LineSplitter({ returns: false });
  #line = 0;

  constructor(sink: RowSink) {
    this.#sink = sink;
  }

  push(text: string): void {
    for (const line of this.#lines.push(text)) this.#read(line);
  }

  end(): void {
    for (const line of this.#lines.end()) this.#read(line);
  }

  #read({ text, cut }: Line): void {
    this.#line += 1;
    if (cut > 0) this.#sink.reject(this.#line, tooLong);
    else this.#sink.row(this.#line, { prediction: text });
  }
}

/** Node refuses longer texts at 512 MB, and parsed a document takes several times its size. */
const longestDocument = 256 * 1024 * 1024;

/** A document that has to be whole before it can be read. */
export class WholeDocument implements Splitter {
  readonly #take: (value: unknown) => void;
  readonly #sink: RowSink;
  #parts: string[] = [];
  #length = 0;

  constructor(sink: RowSink, take: (value: unknown) => void) {
    this.#sink = sink;
    this.#take = take;
  }

  push(text: string): void {
    this.#length += text.length;
    if (this.#length <= longestDocument) this.#parts.push(text);
    else this.#parts = [];
  }

  end(): void {
    if (this.#length > longestDocument) {
      this.#sink.reject(1, "one JSON document of more than 256 MB; write one JSON object on each line instead");
      return;
    }
    const text = this.#parts.join("");
    this.#parts = [];
    const value = parseValue(text);
    if (value === undefined)
      this.#sink.reject(
        brokenLine(text),
        "not JSON, and no JSON lines either: the file breaks off or has a misplaced bracket here",
      );
    else this.#take(value);
  }
}

/** The line at which the document stops being one. */
function brokenLine(text: string): number {
  const end = readLiteral(text)?.end ?? 0;
  let line = 1;
  for (let at = text.indexOf("\n"); at !== -1 && at < end; at = text.indexOf("\n", at + 1)) line += 1;
  return line;
}
