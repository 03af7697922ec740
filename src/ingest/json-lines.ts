/** Files with one JSON object on each line: the decoder that the JSONL formats share. */
import type { Decoded } from "../model/batch.ts";
import type { Scalar } from "../model/config.ts";
import { LineFeed } from "./byte-rows.ts";
import type { LineReader } from "./byte-rows.ts";
import { DecodedBuilder } from "./decoded-builder.ts";
import type { Decoder, DecoderContext } from "./format.ts";
import { LineSplitter } from "./line-splitter.ts";
import type { Line } from "./line-splitter.ts";
import { isObject, readLiteral } from "./literal.ts";
import type { LiteralObject } from "./literal.ts";
import { JsonRowReader } from "./row-form.ts";
import { addRow } from "./rows.ts";
import { findStepKey, flatRow, stepOf } from "./step-key.ts";
import { replacements, Utf8 } from "./utf8.ts";

export interface JsonLinesOptions {
  readonly dialect?: string;
  readonly skip?: ReadonlySet<string>;
  /** Columns that are settings, with the setting's name. */
  readonly config?: ReadonlyMap<string, string>;
  /** Lines that are not rows, such as a summary at the end; true when it was taken. */
  readonly takeOther?: (row: LiteralObject, out: DecodedBuilder) => boolean;
}

export class JsonLinesDecoder implements Decoder {
  readonly #utf8 = new Utf8();
  readonly #lines = new LineSplitter({ returns: false });
  readonly #out = new DecodedBuilder();
  readonly #context: DecoderContext;
  readonly #options: JsonLinesOptions;
  readonly #reader: JsonRowReader;
  readonly #configured = new Map<string, Scalar>();
  #line = 0;
  readonly #feed = new LineFeed();
  readonly #lineReader: LineReader;

  constructor(context: DecoderContext, options: JsonLinesOptions = {}) {
    this.#context = context;
    this.#options = options;
    this.#reader = new JsonRowReader(options.skip);
    this.#out.dialect = options.dialect;
    this.#lineReader = {
      out: this.#out,
      now: context.now,
      line: () => this.#line,
      passed: (lines) => void (this.#line += lines),
      forms: () => this.#reader.byteForms,
      read: (bytes) => this.#lines.push(this.#utf8.push(bytes)).forEach((line) => this.#read(line)),
    };
  }

  push(bytes: Uint8Array): Decoded {
    this.#feed.push(bytes, this.#lineReader);
    return this.#out.take();
  }

  end(): Decoded {
    this.#feed.end(this.#lineReader);
    for (const line of this.#lines.push(this.#utf8.end())) this.#read(line);
    for (const line of this.#lines.end()) this.#read(line);
    return this.#out.finish(this.#line);
  }

  #read(line: Line): void {
    this.#line += 1;
    const index = this.#line;
    if (line.cut > 0) {
      this.#out.reject(index, "the line is longer than the limit");
      return;
    }
    if (line.text.trim() === "") return;
    const bad = replacements(line.text);
    if (bad > 0) this.#out.reject(index, `not UTF-8 in ${bad} places, shown as U+FFFD`);
    if (this.#reader.read(line.text, index, this.#out, this.#context.now)) return;
    const row = rowOf(line.text);
    if (typeof row === "string") {
      this.#out.reject(index, row);
      return;
    }
    const flat = flatRow(row);
    for (const [column, key] of this.#options.config ?? []) this.#configure(key, stepOf(flat.get(column))?.step);
    const refusal = addRow(
      { index, has: (k) => flat.has(k), get: (k) => flat.get(k), entries: () => flat },
      this.#out,
      {
        now: this.#context.now,
        onTotal: (total) => this.#configure("max_steps", total),
        ...(this.#options.skip === undefined ? {} : { skip: this.#options.skip }),
      },
    );
    // Columns that are settings are not numbers of a row only.
    if (refusal === undefined && this.#options.config === undefined) this.#reader.learn(line.text);
    if (refusal !== undefined && this.#options.takeOther?.(flat, this.#out) !== true) this.#out.reject(index, refusal);
  }

  #configure(key: string, value: number | undefined): void {
    if (value === undefined || this.#configured.get(key) === value) return;
    this.#configured.set(key, value);
    this.#out.configure(key, value);
  }
}

/** The object on a line, or why there is none. */
function rowOf(text: string): LiteralObject | string {
  const reading = readLiteral(text);
  if (reading === undefined) return "not JSON";
  if (reading.broken !== undefined) return `not JSON: ${reading.broken}`;
  if (text.slice(reading.end).trim() !== "") return `not JSON: text behind the value at character ${reading.end + 1}`;
  return isObject(reading.value) ? reading.value : "not a JSON object";
}

/** The objects on the first whole lines of a file; undefined when a line is something else. */
export function headRows(text: string, most = 20): LiteralObject[] | undefined {
  // A Python dictionary on each line is a trainer's console, which has its own way to find steps.
  if (!/^\s*\{\s*"/.test(text)) return undefined;
  const rows: LiteralObject[] = [];
  const lines = text.split("\n");
  for (const [i, line] of lines.slice(0, most).entries()) {
    if (line.trim() === "") continue;
    const row = rowOf(line);
    if (typeof row !== "string") rows.push(row);
    // The head ends within its last line; a bad line among good ones is refused later, one by one.
    else if (i === 0 && lines.length > 1) return undefined;
  }
  return rows.length === 0 ? undefined : rows;
}

/** Whether a row has a step, flat or one level down. */
export const hasStep = (row: LiteralObject): boolean => {
  const flat = flatRow(row);
  return findStepKey((key) => flat.has(key)) !== undefined;
};
