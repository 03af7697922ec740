/**
 * Seeded pseudo-random numbers, the same on every machine: xoshiro128** of Blackman and Vigna (2018), which passes the
 * usual batteries of tests, started by splitmix32 so that neighbouring seeds have nothing in common.
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor(seed: number) {
    let state = seed | 0;
    const next = (): number => {
      state = (state + 0x9e3779b9) | 0;
      let z = state;
      z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
      return z ^ (z >>> 15);
    };
    [this.#a, this.#b, this.#c, this.#d] = [next(), next(), next(), next()];
  }

  /** All 32 bits, from 0 to 2^32 - 1. */
  bits(): number {
    const fives = Math.imul(this.#b, 5);
    const result = Math.imul((fives << 7) | (fives >>> 25), 9) >>> 0;
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result;
  }

  /** At least 0 and below 1. */
  uniform(): number {
    return this.bits() / 4294967296;
  }

  /** A whole number from 0 to `count` - 1, each as likely: `count` is far below 2^32, so that the rest does not matter. */
  below(count: number): number {
    return Math.floor(this.uniform() * count);
  }

  /** Changes the order of `items` in place (Fisher and Yates). */
  shuffle(items: { [index: number]: number; readonly length: number }): void {
    for (let last = items.length - 1; last > 0; last -= 1) {
      const other = this.below(last + 1);
      const kept = items[last] ?? 0;
      items[last] = items[other] ?? 0;
      items[other] = kept;
    }
  }
}
