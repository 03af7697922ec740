import type { DecodedBuilder } from "./decoded-builder.ts";
import { maxLineBytes } from "./format.ts";
import { ByteNumberScanner } from "./number-scanner.ts";
import { wordInBytes } from "./number-words.ts";
import type { RowForm } from "./row-form.ts";
import { RowTexts } from "./row-texts.ts";

/**
 * The short way through long files: whole lines whose form is known are read out of the bytes, without a text of them.
 * Wherever a line has anything else, reading stops in front of it and the long way goes on there, with the same result
 * for every line (`row-form.ts` says what a row may hold for this).
 */

const feed = 10;
const carriage = 13;

/** Tells whether a row stands at `from`, and where it ends; its numbers are then in the form. */
export interface ByteForm {
  readonly row: RowForm;
  /** Behind the row, or -1: it is none of this form. */
  match(bytes: Uint8Array, from: number, view: DataView): number;
}

/** What a line of JSON is but for its numbers; undefined where that is not plain ASCII. */
export function jsonByteForm(texts: readonly string[], columns: readonly string[], row: RowForm): ByteForm | undefined {
  const parts: Part[] = [];
  for (const text of texts) {
    const codes = Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
    if (codes.some((code) => code > 127)) return undefined;
    parts.push(partOf(Uint8Array.from(codes)));
  }
  const said = new RowTexts(columns);
  const scanner = new ByteNumberScanner();
  const { numbers, given } = row;
  const match = (bytes: Uint8Array, from: number, view: DataView): number => {
    let at = from;
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i];
      if (part === undefined || !startsWith(bytes, at, part, view)) return -1;
      at += part.bytes.length;
      if (i === numbers.length) break;
      if (scanner.scan(bytes, at, view)) {
        numbers[i] = scanner.value;
        given[i] = 1;
        at = scanner.end;
        continue;
      }
      const word = wordInBytes(bytes, at);
      if (word !== undefined) {
        numbers[i] = word.value;
        given[i] = word.isMissing ? 0 : 1;
        at += word.bytes.length;
        continue;
      }
      if (!said.read(bytes, at, i)) return -1;
      numbers[i] = said.time;
      given[i] = Number.isNaN(said.time) ? 0 : 1;
      at = said.end;
    }
    return at;
  };
  return { row, match };
}

/** What stands between two numbers: half of a long log is the names of its metrics, the same in each line. */
interface Part {
  readonly bytes: Uint8Array;
  /** Eight bytes each, compared at once; the last ones overlap those before. Of ASCII none is NaN, none is -0. */
  readonly words: Float64Array;
}

const wordBytes = 8;

function partOf(bytes: Uint8Array): Part {
  const view = new DataView(bytes.buffer);
  const count = bytes.length < wordBytes ? 0 : Math.ceil(bytes.length / wordBytes);
  const words = Float64Array.from({ length: count }, (_, i) =>
    view.getFloat64(Math.min(i * wordBytes, bytes.length - wordBytes), true),
  );
  return { bytes, words };
}

function startsWith(all: Uint8Array, from: number, { bytes, words }: Part, view: DataView): boolean {
  const { length } = bytes;
  if (from + length > all.length) return false;
  if (length < wordBytes) {
    for (let i = 0; i < length; i++) if (all[from + i] !== bytes[i]) return false;
    return true;
  }
  const last = words.length - 1;
  for (let i = 0; i < last; i++) if (view.getFloat64(from + i * wordBytes, true) !== words[i]) return false;
  return view.getFloat64(from + length - wordBytes, true) === words[last];
}

/** Numbers between delimiters; a field may be empty. */
export function csvByteForm(delimiter: string, row: RowForm): ByteForm {
  const code = delimiter.charCodeAt(0);
  const scanner = new ByteNumberScanner();
  const { numbers, given } = row;
  const match = (bytes: Uint8Array, from: number, view: DataView): number => {
    let at = from;
    for (let i = 0; i < numbers.length; i++) {
      if (i > 0) {
        if (bytes[at] !== code) return -1;
        at += 1;
      }
      given[i] = 0;
      const next = bytes[at];
      if (next === code || next === feed || next === carriage) continue;
      if (!scanner.scan(bytes, at, view)) return -1;
      numbers[i] = scanner.value;
      given[i] = 1;
      at = scanner.end;
    }
    return at;
  };
  return { row, match };
}

/** A decoder of lines, as the short way sees it. */
export interface LineReader {
  readonly out: DecodedBuilder;
  readonly now: () => number;
  /** Lines so far. */
  line(): number;
  /** So many lines were read in the short way. */
  passed(lines: number): void;
  /** The forms of rows that are known by now; none where the next line belongs to what is open. */
  forms(): readonly ByteForm[];
  /** The long way, for bytes of any length. */
  read(bytes: Uint8Array): void;
}

/** Lines of unknown forms that are read one by one; what follows them in the same piece goes the long way as one. */
const mostMisses = 8;
/** An unfinished line up to this length is kept until its end comes. */
const mostHeld = 16_384;

/** Feeds a decoder with pieces that are cut anywhere: lines of known forms in the short way, all others in the long. */
export class LineFeed {
  /** Whether all lines so far are complete. */
  #isAtStart = true;

  /** The last line, as far as it came. */
  #held: Uint8Array | undefined;

  push(bytes: Uint8Array, reader: LineReader): void {
    const held = this.#held;
    if (held === undefined) {
      this.#push(bytes, reader);
      return;
    }
    this.#held = undefined;
    const end = behindLine(bytes, 0);
    const line = new Uint8Array(held.length + end);
    line.set(held);
    line.set(bytes.subarray(0, end), held.length);
    this.#push(line, reader);
    if (end < bytes.length) this.#push(bytes.subarray(end), reader);
  }

  /** Nothing more comes. */
  end(reader: LineReader): void {
    if (this.#held !== undefined) reader.read(this.#held);
    this.#held = undefined;
  }

  #push(bytes: Uint8Array, reader: LineReader): void {
    let from = this.#isAtStart ? 0 : this.#long(bytes, 0, behindLine(bytes, 0), reader);
    for (let misses = 0; from < bytes.length; misses++) {
      from = readByteRows(bytes, from, reader);
      const end = behindLine(bytes, from);
      if (bytes[end - 1] !== feed && end - from < mostHeld && reader.forms().length > 0) {
        this.#held = Uint8Array.from(bytes.subarray(from));
        return;
      }
      from = this.#long(bytes, from, misses < mostMisses ? end : bytes.length, reader);
    }
  }

  #long(bytes: Uint8Array, from: number, to: number, reader: LineReader): number {
    if (from === to) return to;
    reader.read(bytes.subarray(from, to));
    this.#isAtStart = bytes[to - 1] === feed;
    return to;
  }
}

/** Reads lines of known forms up to the first other one, and answers where that begins. */
function readByteRows(bytes: Uint8Array, start: number, reader: LineReader): number {
  const { out, now } = reader;
  const forms = reader.forms();
  if (forms.length === 0) return start;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const before = reader.line();
  let from = start;
  let lines = 0;
  let form = forms[0];
  while (from < bytes.length) {
    let end = form?.match(bytes, from, view) ?? -1;
    for (let i = 0; end === -1 && i < forms.length; i++) {
      form = forms[i];
      end = form?.match(bytes, from, view) ?? -1;
    }
    if (end === -1 || form === undefined || end - from > maxLineBytes) break;
    if (bytes[end] === carriage) end += 1;
    // The line may go on in the next piece.
    if (bytes[end] !== feed || !form.row.add(before + lines + 1, out, now)) break;
    lines += 1;
    from = end + 1;
  }
  reader.passed(lines);
  return from;
}

/** Behind the next line end; the length where there is none. */
function behindLine(bytes: Uint8Array, from: number): number {
  const end = bytes.indexOf(feed, from);
  return end === -1 ? bytes.length : end + 1;
}
