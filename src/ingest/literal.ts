import { NumberScanner } from "./number-scanner.ts";

/**
 * A tolerant reader of JSON and of Python literals (what `print(dict)` shows). Beyond JSON it takes
 * bare NaN, Infinity, nan and inf, single quotes, True, False, None, tuples, trailing commas, and
 * wrappers such as `np.float64(1.5)` and `tensor(1.5, device='cuda:0')`. Of a document that breaks off it keeps every member
 * that was complete.
 */
export type Literal = number | string | boolean | null | Literal[] | LiteralObject;
/** Keys are data, so it is a Map: no key can reach a prototype. */
export type LiteralObject = Map<string, Literal>;

export interface LiteralReading {
  readonly value: Literal;
  /** Where reading stopped: after the value, or where the text broke off. */
  readonly end: number;
  /** Why the value is not whole; undefined when it is. */
  readonly broken: string | undefined;
}

const maxDepth = 64;
/** One for all readers: what it found is taken at once. */
const scanner = new NumberScanner();

/** Reads the literal that begins at `from`; undefined when none does. */
export function readLiteral(text: string, from = 0): LiteralReading | undefined {
  const reader = new Reader(text, from);
  const value = reader.value(0);
  if (value === undefined) return undefined;
  return { value, end: reader.at, broken: reader.broken };
}

/** A whole text that is one literal; undefined when it is not, or not whole. */
export function parseLiteral(text: string): Literal | undefined {
  const reading = readLiteral(text);
  if (reading === undefined || reading.broken !== undefined) return undefined;
  return text.slice(reading.end).trim() === "" ? reading.value : undefined;
}

export const isObject = (value: Literal | undefined): value is LiteralObject => value instanceof Map;

const words: ReadonlyMap<string, Literal> = new Map<string, Literal>([
  ["true", true],
  ["True", true],
  ["false", false],
  ["False", false],
  ["null", null],
  ["None", null],
  ["NaN", Number.NaN],
  ["nan", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["inf", Number.POSITIVE_INFINITY],
]);

const wordPattern = /[A-Za-z_][\w.]*/y;
// Digits, `.`, `-`, `+`, `e`, `E`: what numbers are made of; `Number` judges what they come to.
const isNumberCode = (code: number): boolean =>
  (code >= 48 && code <= 57) || code === 46 || code === 45 || code === 43 || code === 101 || code === 69;
// Space and what stands between tab and carriage return.
const isSpaceCode = (code: number): boolean => code === 32 || (code >= 9 && code <= 13) || code === 0xa0;
const escapes: ReadonlyMap<string, string> = new Map([
  ["n", "\n"],
  ["t", "\t"],
  ["r", "\r"],
  ["b", "\b"],
  ["f", "\f"],
  ["0", "\0"],
]);

class Reader {
  at: number;
  broken: string | undefined;
  readonly #text: string;

  constructor(text: string, from: number) {
    this.#text = text;
    this.at = from;
  }

  /** Undefined: there is no value here, or it broke off before it meant anything (see `broken`). */
  value(depth: number): Literal | undefined {
    this.#space();
    const char = this.#text[this.at];
    if (char === undefined) return this.#breakOff("the text ends");
    if (depth > maxDepth) return this.#breakOff(`nested deeper than ${maxDepth}`);
    if (char === "{") return this.#object(depth);
    if (char === "[" || char === "(") return this.#array(depth, char === "[" ? "]" : ")");
    if (char === '"' || char === "'") return this.#string(char);
    return this.#number() ?? this.#word(depth);
  }

  #object(depth: number): LiteralObject | undefined {
    const object: LiteralObject = new Map();
    this.at += 1;
    for (;;) {
      this.#space();
      if (this.#skip("}")) return object;
      const key = this.value(depth + 1);
      if (this.broken !== undefined) return object;
      if (key === undefined || key === null || typeof key === "object") {
        this.#breakOff(`no key at character ${this.at + 1}`);
        return object;
      }
      this.#space();
      if (!this.#skip(":")) {
        this.#breakOff(this.at >= this.#text.length ? "the text ends" : `no ':' at character ${this.at + 1}`);
        return object;
      }
      const value = this.value(depth + 1);
      // A container that broke off still holds its complete members; a scalar that broke off is nothing.
      if (value !== undefined && (this.broken === undefined || typeof value === "object"))
        object.set(String(key), value);
      if (this.broken !== undefined) return object;
      if (value === undefined) {
        this.#breakOff(`no value at character ${this.at + 1}`);
        return object;
      }
      this.#space();
      if (this.#skip(",")) continue;
      if (this.#skip("}")) return object;
      this.#breakOff(this.at >= this.#text.length ? "the text ends" : `no ',' or '}' at character ${this.at + 1}`);
      return object;
    }
  }

  #array(depth: number, close: string): Literal[] {
    const array: Literal[] = [];
    this.at += 1;
    for (;;) {
      this.#space();
      if (this.#skip(close)) return array;
      // Long columns are numbers: those are tried first, at the depth where `value` would take them too.
      const value = (depth < maxDepth ? this.#number() : undefined) ?? this.value(depth + 1);
      // The element that broke off is not complete, so it is not kept.
      if (this.broken !== undefined) return array;
      if (value === undefined) {
        this.#breakOff(`no value at character ${this.at + 1}`);
        return array;
      }
      array.push(value);
      this.#space();
      if (this.#skip(",")) continue;
      if (this.#skip(close)) return array;
      this.#breakOff(
        this.at >= this.#text.length ? "the text ends" : `no ',' or '${close}' at character ${this.at + 1}`,
      );
      return array;
    }
  }

  #string(quote: string): string | undefined {
    const text = this.#text;
    const from = this.at + 1;
    const quoteCode = quote.charCodeAt(0);
    let plainEnd = from;
    for (;;) {
      const code = text.charCodeAt(plainEnd);
      if (Number.isNaN(code)) return this.#breakOff("the text ends");
      if (code === 92) break;
      if (code === quoteCode) {
        this.at = plainEnd + 1;
        return text.slice(from, plainEnd);
      }
      plainEnd += 1;
    }
    let out = text.slice(from, plainEnd);
    let at = plainEnd;
    for (;;) {
      const char = text[at];
      if (char === undefined) return this.#breakOff("the text ends");
      if (char === quote) break;
      if (char !== "\\") {
        out += char;
        at += 1;
        continue;
      }
      const escaped = text[at + 1];
      if (escaped === undefined) return this.#breakOff("the text ends");
      const width = escaped === "u" ? 4 : escaped === "x" ? 2 : 0;
      const code = width === 0 ? Number.NaN : Number.parseInt(text.slice(at + 2, at + 2 + width), 16);
      if (Number.isNaN(code)) out += escapes.get(escaped) ?? escaped;
      else out += String.fromCharCode(code);
      at += 2 + (Number.isNaN(code) ? 0 : width);
    }
    this.at = at + 1;
    return out;
  }

  #number(): number | undefined {
    const text = this.#text;
    const from = this.at;
    if (scanner.scan(text, from) && !isNumberCode(text.charCodeAt(scanner.end))) {
      const { value, end } = scanner;
      this.at = end;
      if (end === text.length && from > 0) this.broken ??= "the text ends";
      return value;
    }
    let at = from;
    while (isNumberCode(text.charCodeAt(at))) at += 1;
    if (at === from) return undefined;
    const number = Number(text.slice(from, at));
    if (!Number.isNaN(number)) {
      this.at = at;
      // A number at the very end of a broken text may lack digits.
      if (at === text.length && from > 0) this.broken ??= "the text ends";
      return number;
    }
    const sign = text[from];
    if (sign === "-" || sign === "+") {
      this.at = from + 1;
      const word = words.get(this.#match(wordPattern) ?? "");
      if (typeof word === "number") return sign === "-" ? -word : word;
    }
    this.at = from;
    return undefined;
  }

  #word(depth: number): Literal | undefined {
    const word = this.#match(wordPattern);
    if (word === undefined) return undefined;
    const value = words.get(word);
    if (value !== undefined) return value;
    if (this.#text[this.at] === "(" && depth <= maxDepth) {
      const inner = this.#wrapped(depth);
      if (inner !== undefined) return inner;
    }
    return this.at >= this.#text.length ? this.#breakOff("the text ends") : undefined;
  }

  /** The first argument of `np.float64(1.5)`, `tensor(0.7, device='cuda:0')`. */
  #wrapped(depth: number): Literal | undefined {
    const from = this.at;
    this.at += 1;
    const value = this.value(depth + 1);
    const close = this.#text.indexOf(")", this.at);
    if (value === undefined || this.broken !== undefined || close === -1 || close - this.at > 200) {
      this.at = from;
      return undefined;
    }
    this.at = close + 1;
    return value;
  }

  #space(): void {
    while (isSpaceCode(this.#text.charCodeAt(this.at))) this.at += 1;
  }

  #skip(char: string): boolean {
    if (this.#text[this.at] !== char) return false;
    this.at += 1;
    return true;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.#text);
    if (match === null) return undefined;
    this.at = pattern.lastIndex;
    return match[0];
  }

  #breakOff(why: string): undefined {
    this.broken ??= why;
    return undefined;
  }
}
