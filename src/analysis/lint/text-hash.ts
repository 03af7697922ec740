/**
 * Hashes of texts for finding duplicates: two independent 32-bit halves, so that among 4 million
 * rows a false match has a probability of about 4e-7 (n^2 / 2^65).
 */
export interface TextHash {
  /** Of the text without regard to case, spaces and the punctuation at the end of words. */
  readonly low: number;
  readonly high: number;
  /** Of the text as it is: equal for true copies only. */
  readonly exact: number;
}

const prime = 0x01000193;

/** One pass, no copy of the text. `parts` are told apart, so that ("ab", "c") is not ("a", "bc"). */
export function hashOf(parts: readonly string[]): TextHash {
  let low = 0x811c9dc5;
  let high = 0x2f0b4c47;
  let exact = 0x9747b28c;
  for (const part of parts) {
    let isGap = false;
    for (let i = 0; i < part.length; i += 1) {
      let code = part.charCodeAt(i);
      exact = Math.imul(exact ^ code, prime);
      if (code >= 65 && code <= 90) code += 32;
      else if (isSpace(code) || (isMark(code) && (i + 1 === part.length || isSpace(part.charCodeAt(i + 1))))) {
        isGap = true;
        continue;
      }
      if (isGap) {
        low = Math.imul(low ^ 32, prime);
        high = Math.imul(high + 32, 0x85ebca6b) ^ (high >>> 13);
        isGap = false;
      }
      low = Math.imul(low ^ code, prime);
      high = Math.imul(high + code, 0x85ebca6b) ^ (high >>> 13);
    }
    low = Math.imul(low ^ 0x1ffff, prime);
    high = Math.imul(high + 0x1ffff, 0xc2b2ae35) ^ (high >>> 16);
    exact = Math.imul(exact ^ 0x1ffff, prime);
  }
  return { low: mix(low), high: mix(high), exact: mix(exact) };
}

export function hashOfNumbers(values: readonly number[]): TextHash {
  let low = 0x811c9dc5;
  let high = 0x2f0b4c47;
  for (const value of values) {
    low = Math.imul(low ^ value, prime);
    high = Math.imul(high + value, 0x85ebca6b) ^ (high >>> 13);
  }
  return { low: mix(low), high: mix(high), exact: mix(low) };
}

const isSpace = (code: number): boolean => code <= 32 || code === 0xa0 || code === 0x3000;
/** `. , ; : ! ?` and quotes: between words only, since in "3.4" and "a[i]!=b" they mean something. */
const isMark = (code: number): boolean =>
  code === 46 || code === 44 || code === 59 || code === 58 || code === 33 || code === 63 || code === 34 || code === 39;

function mix(value: number): number {
  let h = value ^ (value >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  return (h ^ (h >>> 16)) >>> 0;
}

/** Rows remembered at most: 4 million take 128 MB at the table's greatest. */
export const mostRemembered = 4_000_000;

/** Remembers hashes with the number of the row that had them first. Bounded, 16 bytes a slot. */
export class HashTable {
  #slots = new Uint32Array(1 << 14);
  #capacity = 1 << 12;
  size = 0;

  /** The first row with the same hash; undefined when there was none, and then this one is remembered while there is room. */
  find({ low, high, exact }: TextHash, row: number, remember = true): { row: number; isExact: boolean } | undefined {
    const mask = this.#capacity - 1;
    let slot = (low ^ Math.imul(high, 0x9e3779b1)) & mask;
    for (;;) {
      const at = slot * 4;
      const held = this.#slots[at + 3] ?? 0;
      if (held === 0) break;
      if (this.#slots[at] === low && this.#slots[at + 1] === high)
        return { row: held - 1, isExact: this.#slots[at + 2] === exact };
      slot = (slot + 1) & mask;
    }
    if (!remember || this.size >= mostRemembered) return undefined;
    this.#slots.set([low, high, exact, row + 1], slot * 4);
    this.size += 1;
    if (this.size * 2 > this.#capacity) this.#grow();
    return undefined;
  }

  get isFull(): boolean {
    return this.size >= mostRemembered;
  }

  #grow(): void {
    const old = this.#slots;
    this.#capacity *= 2;
    this.#slots = new Uint32Array(this.#capacity * 4);
    const mask = this.#capacity - 1;
    for (let at = 0; at < old.length; at += 4) {
      if (old[at + 3] === 0) continue;
      let slot = ((old[at] ?? 0) ^ Math.imul(old[at + 1] ?? 0, 0x9e3779b1)) & mask;
      while (this.#slots[slot * 4 + 3] !== 0) slot = (slot + 1) & mask;
      this.#slots.set(old.subarray(at, at + 4), slot * 4);
    }
  }
}
