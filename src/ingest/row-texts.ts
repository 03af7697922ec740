import { numberOf } from "./number-text.ts";
import { isTimeKey, stepKeysIn, timeOf } from "./step-key.ts";
import { decodeUtf8 } from "./utf8.ts";

const quote = 34;
const backslash = 92;
/** 1973 to 5138 in milliseconds: a number in this range is a time in milliseconds to `timeOf`, too. */
const [earliest, latest] = [1e11, 1e14];

interface Seen {
  readonly bytes: Uint8Array;
  /** The time that it is; NaN: it says nothing. */
  readonly time: number;
}

/** Texts among the numbers of rows: dates, and names (of a split, a run), which are mostly the same in each row. */
export class RowTexts {
  /** Of the latest text that was understood. */
  end = 0;
  time = Number.NaN;
  readonly #columns: readonly string[];
  readonly #isStep: readonly boolean[];
  /** The latest text of each column. */
  readonly #seen: (Seen | undefined)[] = [];

  constructor(columns: readonly string[]) {
    const steps = stepKeysIn(columns);
    this.#columns = columns;
    this.#isStep = columns.map((_, i) => steps.includes(i));
  }

  /** False: no text of plain ASCII begins here, or one that is a number or a step. */
  read(bytes: Uint8Array, from: number, column: number): boolean {
    if (bytes[from] !== quote || this.#isStep[column] === true) return false;
    let to = from + 1;
    for (let code = bytes[to]; code !== quote; code = bytes[++to])
      if (code === undefined || code === backslash || code < 32 || code > 126) return false;
    let seen = this.#seen[column];
    if (seen === undefined || !isSame(seen.bytes, bytes, from + 1, to)) {
      const text = bytes.slice(from + 1, to);
      const time = this.#timeOf(column, decodeUtf8(text));
      if (time === undefined) return false;
      seen = { bytes: Uint8Array.from(text), time };
      this.#seen[column] = seen;
    }
    this.end = to + 1;
    this.time = seen.time;
    return true;
  }

  #timeOf(column: number, text: string): number | undefined {
    const name = this.#columns[column] ?? "";
    const time = isTimeKey(name) ? timeOf(name, text) : undefined;
    if (time !== undefined) return time >= earliest && time <= latest ? time : undefined;
    return numberOf(text.trim()) === undefined ? Number.NaN : undefined;
  }
}

function isSame(text: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean {
  if (text.length !== to - from) return false;
  for (let i = 0; i < text.length; i++) if (text[i] !== bytes[from + i]) return false;
  return true;
}
