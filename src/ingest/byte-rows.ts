import type { DecodedBuilder } from "./decoded-builder.ts";
import { maxLineBytes } from "./format.ts";
import { ByteNumberScanner } from "./number-scanner.ts";
import type { RowForm } from "./row-form.ts";

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
  match(bytes: Uint8Array, from: number): number;
}

/** What a line of JSON is but for its numbers; undefined where that is not plain ASCII. */
export function jsonByteForm(texts: readonly string[], row: RowForm): ByteForm | undefined {
  const parts: Uint8Array[] = [];
  for (const text of texts) {
    const codes = Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
    if (codes.some((code) => code > 127)) return undefined;
    parts.push(Uint8Array.from(codes));
  }
  const scanner = new ByteNumberScanner();
  const { numbers } = row;
  const match = (bytes: Uint8Array, from: number): number => {
    let at = from;
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i];
      if (part === undefined || !startsWith(bytes, at, part)) return -1;
      at += part.length;
      if (i === numbers.length) break;
      if (!scanner.scan(bytes, at)) return -1;
      numbers[i] = scanner.value;
      at = scanner.end;
    }
    return at;
  };
  return { row, match };
}

function startsWith(bytes: Uint8Array, from: number, part: Uint8Array): boolean {
  for (let i = 0; i < part.length; i++) if (bytes[from + i] !== part[i]) return false;
  return true;
}

/** Numbers between delimiters; a field may be empty. */
export function csvByteForm(delimiter: string, row: RowForm): ByteForm {
  const code = delimiter.charCodeAt(0);
  const scanner = new ByteNumberScanner();
  const { numbers } = row;
  const match = (bytes: Uint8Array, from: number): number => {
    let at = from;
    for (let i = 0; i < numbers.length; i++) {
      if (i > 0) {
        if (bytes[at] !== code) return -1;
        at += 1;
      }
      numbers[i] = Number.NaN;
      const next = bytes[at];
      if (next === code || next === feed || next === carriage) continue;
      if (!scanner.scan(bytes, at)) return -1;
      numbers[i] = scanner.value;
      at = scanner.end;
    }
    return at;
  };
  return { row, match };
}

/** Where lines go, and what they are told beside. */
export interface ByteRows {
  readonly bytes: Uint8Array;
  /** The beginning of a line. */
  readonly from: number;
  /** Lines before that. */
  readonly line: number;
  readonly out: DecodedBuilder;
  readonly now: () => number;
}

/** Reads lines of these forms up to the first other one, and answers where that begins and the lines before it. */
export function readByteRows(forms: readonly ByteForm[], rows: ByteRows): { from: number; line: number } {
  const { bytes, out, now } = rows;
  let { from, line } = rows;
  let form = forms[0];
  while (from < bytes.length) {
    let end = form?.match(bytes, from) ?? -1;
    for (let i = 0; end === -1 && i < forms.length; i++) {
      form = forms[i];
      end = form?.match(bytes, from) ?? -1;
    }
    if (end === -1 || form === undefined || end - from > maxLineBytes) break;
    if (bytes[end] === carriage) end += 1;
    // The line may go on in the next piece.
    if (bytes[end] !== feed || !form.row.add(line + 1, out, now)) break;
    line += 1;
    from = end + 1;
  }
  return { from, line };
}

/** Whether the bytes end with a line. */
export const endsLine = (bytes: Uint8Array): boolean => bytes[bytes.length - 1] === feed;

/** Behind the first line end; the length where there is none. */
export function behindLine(bytes: Uint8Array): number {
  const end = bytes.indexOf(feed);
  return end === -1 ? bytes.length : end + 1;
}
