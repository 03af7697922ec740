import { csvByteForm, jsonByteForm } from "./byte-rows.ts";
import type { ByteForm } from "./byte-rows.ts";
import type { DecodedBuilder } from "./decoded-builder.ts";
import { NumberScanner } from "./number-scanner.ts";
import { wordIn } from "./number-words.ts";
import { isTimeKey, stepKeysIn, timeOf } from "./step-key.ts";

/**
 * A form that many rows of one file have: the same columns, numbers only (or null, or NaN). It is worked out once, so
 * that a row costs little more than reading its numbers. What a row means is defined in `rows.ts`; here is only the
 * short way to the same points, and `add` answers false wherever the long way would do anything else.
 */
export class RowForm {
  /** Numbers of the row in hand. */
  readonly numbers: Float64Array;
  /** 1 where the row has one: it may be NaN. */
  readonly given: Uint8Array;
  readonly #columns: readonly string[];
  /** Places of columns that may tell the step, best first. */
  readonly #steps: readonly number[];
  readonly #times: readonly number[];
  /** Places that are no metric: progress, clocks. */
  readonly #skipped: readonly number[];
  readonly #epoch: number;

  constructor(columns: readonly string[], skip: ReadonlySet<string> | undefined) {
    this.#columns = columns;
    this.numbers = new Float64Array(columns.length);
    this.given = new Uint8Array(columns.length);
    this.#steps = stepKeysIn(columns);
    this.#times = columns.flatMap((name, i) => (isTimeKey(name) ? [i] : []));
    this.#skipped = columns.flatMap((name, i) => (skip?.has(name) === true ? [i] : []));
    this.#epoch = columns.indexOf("epoch");
  }

  /** Adds the points of the row in `numbers` and `given`, which is changed by it. */
  add(index: number, out: DecodedBuilder, now: () => number): boolean {
    const { numbers, given } = this;
    const key = this.#steps.find((i) => given[i] === 1);
    if (key === undefined) return false;
    const step = numbers[key] ?? Number.NaN;
    const isInteger = Number.isSafeInteger(step);
    if (!isInteger && key !== this.#epoch) return false;
    let time = Number.NaN;
    for (const i of this.#times) {
      const at = given[i] === 1 ? timeOf(this.#columns[i] ?? "", numbers[i]) : undefined;
      if (at === undefined) continue;
      time = at;
      given[i] = 0;
    }
    if (Number.isNaN(time)) time = now();
    for (const i of this.#skipped) given[i] = 0;
    if (key !== this.#epoch) given[key] = 0;
    return out.row(this.#columns, { step: isInteger ? step : index, time }, this);
  }
}

/** Forms that are tried on a line: those of training rows, of evaluations, and some more. */
const mostForms = 6;
const plainKey = /\s*"([^"\\\u0000-\u001f]*)"\s*:\s*/y;
const plainText = /"[^"\\\u0000-\u001f]*"/y;
const separator = /\s*([,}])/y;

interface JsonForm {
  /** What stands before each number, and behind the last. */
  readonly texts: readonly string[];
  readonly row: RowForm;
}

/** Reads lines that look like an earlier line but for the numbers. */
export class JsonRowReader {
  readonly #scanner = new NumberScanner();
  readonly #skip: ReadonlySet<string> | undefined;
  /** Used last first. */
  #forms: JsonForm[] = [];
  /** The same for lines that are bytes still. */
  byteForms: readonly ByteForm[] = [];

  constructor(skip: ReadonlySet<string> | undefined) {
    this.#skip = skip;
  }

  /** False: the line has another form, or says something that only the long way can say. */
  read(line: string, index: number, out: DecodedBuilder, now: () => number): boolean {
    for (const [place, form] of this.#forms.entries()) {
      if (!this.#matches(line, form)) continue;
      if (place > 0) this.#forms = [form, ...this.#forms.filter((other) => other !== form)];
      return form.row.add(index, out, now);
    }
    return false;
  }

  /** Remembers the form of a line that was read in the long way. */
  learn(line: string): void {
    const texts: string[] = [];
    const columns: string[] = [];
    if (!line.startsWith("{")) return;
    for (let at = 1, from = 0; ;) {
      plainKey.lastIndex = at;
      const key = plainKey.exec(line)?.[1];
      if (key === undefined || columns.includes(key)) return;
      columns.push(key);
      texts.push(line.slice(from, plainKey.lastIndex));
      const end = this.#valueEnd(line, plainKey.lastIndex);
      if (end === -1) return;
      separator.lastIndex = end;
      const next = separator.exec(line)?.[1];
      if (next === undefined) return;
      from = end;
      at = separator.lastIndex;
      if (next === "}") {
        if (line.slice(at).trim() !== "") return;
        texts.push(line.slice(from));
        break;
      }
    }
    // A text among the numbers is not read here, but in bytes only: such a line comes again and again.
    const isKnown = (form: JsonForm): boolean =>
      form.texts.length === texts.length && form.texts.every((text, i) => text === texts[i]);
    if (this.#forms.some(isKnown)) return;
    const row = new RowForm(columns, this.#skip);
    this.#forms = [{ texts, row }, ...this.#forms].slice(0, mostForms);
    const inBytes = jsonByteForm(texts, columns, row);
    if (inBytes !== undefined) this.byteForms = [inBytes, ...this.byteForms].slice(0, mostForms);
  }

  #valueEnd(line: string, from: number): number {
    if (this.#scanner.scan(line, from)) return this.#scanner.end;
    const word = wordIn(line, from);
    if (word !== undefined) return from + word.text.length;
    plainText.lastIndex = from;
    return plainText.test(line) ? plainText.lastIndex : -1;
  }

  #matches(line: string, { texts, row }: JsonForm): boolean {
    const scanner = this.#scanner;
    let at = 0;
    for (let i = 0; i < row.numbers.length; i++) {
      const text = texts[i] ?? "";
      if (!line.startsWith(text, at)) return false;
      at += text.length;
      if (scanner.scan(line, at)) {
        row.numbers[i] = scanner.value;
        row.given[i] = 1;
        at = scanner.end;
        continue;
      }
      const word = wordIn(line, at);
      if (word === undefined) return false;
      row.numbers[i] = word.value;
      row.given[i] = word.isMissing ? 0 : 1;
      at += word.text.length;
    }
    const rest = texts.at(-1) ?? "";
    return line.length === at + rest.length && line.endsWith(rest);
  }
}

/** Reads rows of numbers between delimiters, in columns of different names. */
export class CsvRowReader {
  readonly #scanner = new NumberScanner();
  readonly byteForms: readonly ByteForm[];
  readonly #delimiter: number;
  readonly #form: RowForm;

  constructor(columns: readonly string[], delimiter: string) {
    this.#delimiter = delimiter.charCodeAt(0);
    this.#form = new RowForm(columns, undefined);
    this.byteForms = [csvByteForm(delimiter, this.#form)];
  }

  read(line: string, index: number, out: DecodedBuilder, now: () => number): boolean {
    const { numbers, given } = this.#form;
    const scanner = this.#scanner;
    let at = 0;
    for (let i = 0; i < numbers.length; i++) {
      if (i > 0) {
        if (line.charCodeAt(at) !== this.#delimiter) return false;
        at += 1;
      }
      given[i] = 0;
      if (at === line.length || line.charCodeAt(at) === this.#delimiter) continue;
      if (!scanner.scan(line, at)) return false;
      numbers[i] = scanner.value;
      given[i] = 1;
      at = scanner.end;
    }
    return at === line.length && this.#form.add(index, out, now);
  }
}
