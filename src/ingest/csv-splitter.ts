import { LineSplitter } from "./line-splitter.ts";
import type { Line } from "./line-splitter.ts";

/** A row's text, with the line (from 1) that it begins at. */
export interface CsvRow {
  readonly text: string;
  readonly line: number;
  readonly cut: number;
}

/** A quoted field may run over lines; a quote that is never closed must not swallow the file. */
const maxLines = 64;

/** Text to CSV rows (RFC 4180: a line end inside quotes belongs to the field), whatever the pieces. */
export class CsvSplitter {
  line = 0;
  readonly #lines = new LineSplitter({ returns: false });
  #open: Line[] = [];

  /** Whether a quote is open: the next line may belong to its field. */
  get isOpen(): boolean {
    return this.#open.length > 0;
  }

  push(text: string): CsvRow[] {
    return this.#rows(this.#lines.push(text));
  }

  end(): CsvRow[] {
    const rows = this.#rows(this.#lines.end());
    return [...rows, ...this.#single()];
  }

  #rows(lines: readonly Line[]): CsvRow[] {
    const rows: CsvRow[] = [];
    for (const line of lines) {
      this.line += 1;
      const isOdd = quotes(line.text) % 2 === 1;
      if (this.#open.length === 0 && !isOdd) {
        rows.push({ text: line.text, line: this.line, cut: line.cut });
        continue;
      }
      this.#open.push(line);
      if (isOdd && this.#open.length > 1) {
        rows.push({
          text: this.#open.map(({ text }) => text).join("\n"),
          line: this.line - this.#open.length + 1,
          cut: this.#open.reduce((sum, { cut }) => sum + cut, 0),
        });
        this.#open = [];
      } else if (this.#open.length >= maxLines) rows.push(...this.#single());
    }
    return rows;
  }

  /** The open lines as rows of their own: the quote was not one. */
  #single(): CsvRow[] {
    const first = this.line - this.#open.length + 1;
    const rows = this.#open.map(({ text, cut }, i) => ({ text, cut, line: first + i }));
    this.#open = [];
    return rows;
  }
}

function quotes(text: string): number {
  let count = 0;
  for (let at = text.indexOf('"'); at !== -1; at = text.indexOf('"', at + 1)) count += 1;
  return count;
}

/** The fields of a row; `""` inside quotes is one quote. */
export function splitCsvLine(text: string, delimiter: string): string[] {
  if (!text.includes('"')) return text.split(delimiter);
  const fields: string[] = [];
  let field = "";
  let isQuoted = false;
  for (let i = 0; i < text.length; i += 1) {
    const char = text[i];
    if (isQuoted) {
      if (char !== '"') field += char;
      else if (text[i + 1] === '"') {
        field += '"';
        i += 1;
      } else isQuoted = false;
    } else if (char === '"') isQuoted = true;
    else if (char === delimiter) {
      fields.push(field);
      field = "";
    } else field += char;
  }
  fields.push(field);
  return fields;
}
