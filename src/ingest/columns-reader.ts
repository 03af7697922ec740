import { ByteNumberScanner } from "./number-scanner.ts";
import { wordInBytes } from "./number-words.ts";
import { decodeUtf8, replacement } from "./utf8.ts";

/** One series of a document, as it stands there. */
export interface ColumnsEntry {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly step: Float64Array;
  readonly time: Float64Array | undefined;
  readonly value: Float64Array;
}

const space = 32;
const quote = 34;
const comma = 44;
const zero = 48;
const nine = 57;
const colon = 58;
const openList = 91;
const backslash = 92;
const closeList = 93;
const openObject = 123;
const closeObject = 125;
const byteOrderMark = 0xef;

/**
 * The short way through a long `points.json`, straight from the bytes: the document as `llmdbg.watch` and the fault
 * benchmark write it, complete, with the series behind the schema. Undefined for any other: it is then read in the
 * long way, which also says what is wrong with it. `pieces`: the document, each but the last cut behind a comma.
 * `rest`: the members behind the series, as the text of an object.
 */
export function readColumns(
  pieces: readonly Uint8Array[],
): { readonly series: readonly ColumnsEntry[]; readonly rest: string } | undefined {
  const reader = new ColumnsReader(pieces);
  const series = reader.series();
  const rest = series === undefined ? undefined : reader.rest();
  return series === undefined || rest === undefined ? undefined : { series, rest };
}

class ColumnsReader {
  readonly #scanner = new ByteNumberScanner();
  readonly #pieces: readonly Uint8Array[];
  #bytes: Uint8Array;
  #view: DataView;
  #piece = 0;
  #at = 0;
  /** Length of the latest column: the next one probably has the same. */
  #usual = 64;

  constructor(pieces: readonly Uint8Array[]) {
    this.#pieces = pieces;
    this.#bytes = pieces[0] ?? new Uint8Array(0);
    this.#view = viewOf(this.#bytes);
  }

  series(): ColumnsEntry[] | undefined {
    const isOurs =
      this.#skip(openObject) &&
      this.#key() === "schema" &&
      this.#string() === "llmdbg.points/1" &&
      this.#skip(comma) &&
      this.#key() === "series" &&
      this.#skip(openList);
    if (!isOurs) return undefined;
    const entries: ColumnsEntry[] = [];
    if (this.#skip(closeList)) return entries;
    do {
      const entry = this.#entry(entries.at(-1)?.step);
      if (entry === undefined) return undefined;
      entries.push(entry);
    } while (this.#skip(comma));
    return this.#skip(closeList) ? entries : undefined;
  }

  /** `{` and what stands behind the series. */
  rest(): string | undefined {
    if (this.#skip(closeObject)) return this.#peek() === 0 && this.#at === this.#bytes.length ? "{}" : undefined;
    if (!this.#skip(comma)) return undefined;
    const texts = [this.#bytes.subarray(this.#at), ...this.#pieces.slice(this.#piece + 1)];
    const length = texts.reduce((sum, bytes) => sum + bytes.length, 1);
    const whole = new Uint8Array(length);
    whole[0] = openObject;
    let at = 1;
    for (const bytes of texts) {
      whole.set(bytes, at);
      at += bytes.length;
    }
    const text = decodeUtf8(whole);
    return text.includes(replacement) ? undefined : text;
  }

  #entry(stepsBefore: Float64Array | undefined): ColumnsEntry | undefined {
    if (!this.#skip(openObject)) return undefined;
    let name: string | undefined;
    let labels: Map<string, string> | undefined;
    const columns: Record<"step" | "time" | "value", Float64Array | undefined> = {
      step: undefined,
      time: undefined,
      value: undefined,
    };
    do {
      const key = this.#key();
      if (key === "name" && name === undefined) {
        name = this.#string();
        if (name === undefined) return undefined;
      } else if (key === "labels" && labels === undefined) {
        labels = this.#labels();
        if (labels === undefined) return undefined;
      } else if ((key === "step" || key === "time" || key === "value") && columns[key] === undefined) {
        columns[key] = this.#numbers(key === "step" ? stepsBefore : undefined);
        if (columns[key] === undefined) return undefined;
      } else return undefined;
    } while (this.#skip(comma));
    const { step, time, value } = columns;
    if (!this.#skip(closeObject) || name === undefined || step === undefined || value === undefined) return undefined;
    return { name, labels: labels ?? new Map<string, string>(), step, time, value };
  }

  #labels(): Map<string, string> | undefined {
    const labels = new Map<string, string>();
    if (!this.#skip(openObject)) return undefined;
    if (this.#skip(closeObject)) return labels;
    do {
      const key = this.#key();
      const value = key === undefined ? undefined : this.#string();
      if (key === undefined || value === undefined || labels.has(key)) return undefined;
      labels.set(key, value);
    } while (this.#skip(comma));
    return this.#skip(closeObject) ? labels : undefined;
  }

  /** A list of numbers. `before`: what it probably is again; then that is answered. */
  #numbers(before: Float64Array | undefined): Float64Array | undefined {
    if (!this.#skip(openList)) return undefined;
    if (this.#skip(closeList)) return new Float64Array(0);
    const scanner = this.#scanner;
    let numbers = before ?? new Float64Array(this.#usual);
    let isBefore = before !== undefined;
    let length = 0;
    for (;;) {
      const first = this.#peek();
      const bytes = this.#bytes;
      let at = this.#at;
      let value: number;
      let code = bytes[at] ?? 0;
      if (isBefore && first > zero && first <= nine) {
        // Steps are whole numbers of few digits.
        value = first - zero;
        code = bytes[++at] ?? 0;
        for (; code >= zero && code <= nine; code = bytes[++at] ?? 0) value = value * 10 + (code - zero);
        if (at - this.#at > 15 || (code !== comma && code !== closeList)) at = this.#at;
      } else value = Number.NaN;
      if (at === this.#at) {
        if (scanner.scan(bytes, at, this.#view)) {
          value = scanner.value;
          at = scanner.end;
        } else {
          const word = wordInBytes(bytes, at);
          if (word === undefined) return undefined;
          value = word.value;
          at += word.bytes.length;
        }
        code = bytes[at] ?? 0;
      }
      if (isBefore && (length === numbers.length || !Object.is(numbers[length], value))) {
        isBefore = false;
        numbers = withRoom(numbers.subarray(0, length), Math.max(this.#usual, length + 1));
      }
      if (!isBefore) {
        if (length === numbers.length) numbers = withRoom(numbers, 2 * length);
        numbers[length] = value;
      }
      length += 1;
      this.#at = at;
      if (code !== comma && code !== closeList) code = this.#peek();
      if (code !== comma && code !== closeList) return undefined;
      this.#at += 1;
      if (code === closeList) break;
    }
    this.#usual = length;
    if (length === numbers.length) return numbers;
    return numbers.length > 2 * length ? numbers.slice(0, length) : numbers.subarray(0, length);
  }

  #key(): string | undefined {
    const key = this.#string();
    return key !== undefined && this.#skip(colon) ? key : undefined;
  }

  #string(): string | undefined {
    if (!this.#skip(quote)) return undefined;
    const bytes = this.#bytes;
    const from = this.#at;
    for (let at = from; at < bytes.length; at++) {
      const code = bytes[at];
      if (code === backslash) return undefined;
      if (code !== quote) continue;
      this.#at = at + 1;
      const text = decodeUtf8(bytes.subarray(from, at));
      return bytes[from] === byteOrderMark || text.includes(replacement) ? undefined : text;
    }
    return undefined;
  }

  #skip(code: number): boolean {
    if (this.#peek() !== code) return false;
    this.#at += 1;
    return true;
  }

  /** The next byte that is no white space, 0 behind the last. */
  #peek(): number {
    for (;;) {
      const code = this.#bytes[this.#at];
      if (code === undefined) {
        const next = this.#pieces[this.#piece + 1];
        if (next === undefined) return 0;
        this.#piece += 1;
        this.#bytes = next;
        this.#view = viewOf(next);
        this.#at = 0;
      } else if (code === space || code === 10 || code === 13 || code === 9) this.#at += 1;
      else return code;
    }
  }
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function withRoom(column: Float64Array, capacity: number): Float64Array<ArrayBuffer> {
  const copy = new Float64Array(capacity);
  copy.set(column);
  return copy;
}
