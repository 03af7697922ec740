/** How many n-grams of a hypothesis its references hold, for each order from 1 to `orders`, written to `out`. */
export type CountMatches = (
  hypothesis: ArrayLike<number>,
  references: readonly ArrayLike<number>[],
  out: Float64Array,
) => void;

/**
 * Counts matching n-grams of sequences of symbols (words by number, code points). An n-gram counts at most as often as
 * the reference that holds it most often (clipping).
 *
 * Each n-gram of the hypothesis gets a number, made from the number of its first n - 1 symbols and its last symbol, so
 * that an order costs one look-up in a small table for each position and no text is built. What a reference has and the
 * hypothesis has not is never entered. The function keeps its tables between calls.
 */
export function ngramCounter(orders: number): CountMatches {
  let table = new PairNumbers(64);
  let names = new Int32Array(64);
  let counts = new Int32Array(64);
  let inReference = new Int32Array(64);
  let inBest = new Int32Array(64);
  let referenceNames: Int32Array[] = [];

  const reserve = (hypothesis: number, references: readonly ArrayLike<number>[]): void => {
    if (hypothesis > names.length) {
      const size = hypothesis * 2;
      table = new PairNumbers(size);
      names = new Int32Array(size);
      counts = new Int32Array(size);
      inReference = new Int32Array(size);
      inBest = new Int32Array(size);
    }
    referenceNames = references.map(({ length }, index) => {
      const have = referenceNames[index];
      return have !== undefined && have.length >= length ? have.fill(0, 0, length) : new Int32Array(length * 2);
    });
  };

  return (hypothesis, references, out) => {
    reserve(hypothesis.length, references);
    names.fill(0, 0, hypothesis.length);
    for (let order = 1; order <= orders; order += 1) {
      const last = hypothesis.length - order;
      table.clear();
      for (let i = 0; i <= last; i += 1) {
        const known = table.size;
        const name = table.enter(names[i] ?? 0, hypothesis[i + order - 1] ?? 0);
        names[i] = name;
        if (name === known) counts[name] = inBest[name] = inReference[name] = 0;
        counts[name] = (counts[name] ?? 0) + 1;
      }
      references.forEach((reference, index) => {
        const own = referenceNames[index];
        if (own === undefined) return;
        if (index > 0) inReference.fill(0, 0, table.size);
        for (let i = 0; i <= reference.length - order; i += 1) {
          const prefix = own[i] ?? -1;
          if (prefix < 0) continue;
          const name = table.find(prefix, reference[i + order - 1] ?? 0);
          own[i] = name;
          if (name < 0) continue;
          const count = (inReference[name] ?? 0) + 1;
          inReference[name] = count;
          if (count > (inBest[name] ?? 0)) inBest[name] = count;
        }
      });
      let matches = 0;
      for (let name = 0; name < table.size; name += 1) matches += Math.min(counts[name] ?? 0, inBest[name] ?? 0);
      out[order - 1] = matches;
    }
  };
}

/** Numbers pairs of integers in the order in which they come; open addressing, cleared at no cost. */
class PairNumbers {
  size = 0;
  private readonly mask: number;
  private readonly first: Int32Array;
  private readonly second: Int32Array;
  private readonly number: Int32Array;
  /** Slots of an older round count as empty. */
  private readonly round: Int32Array;
  private now = 0;

  /** At most `capacity` pairs between two calls of `clear`. */
  constructor(capacity: number) {
    const slots = 2 ** Math.ceil(Math.log2(capacity * 2));
    this.mask = slots - 1;
    this.first = new Int32Array(slots);
    this.second = new Int32Array(slots);
    this.number = new Int32Array(slots);
    this.round = new Int32Array(slots);
  }

  clear(): void {
    this.size = 0;
    this.now += 1;
  }

  /** The slot of the pair, or the empty one where it would be. */
  private slotOf(first: number, second: number): number {
    const mixed = Math.imul(first, 0x9e3779b1) ^ Math.imul(second, 0x85ebca6b);
    let slot = (mixed ^ (mixed >>> 15)) & this.mask;
    while (this.round[slot] === this.now && (this.first[slot] !== first || this.second[slot] !== second))
      slot = (slot + 1) & this.mask;
    return slot;
  }

  enter(first: number, second: number): number {
    const slot = this.slotOf(first, second);
    if (this.round[slot] !== this.now) {
      this.round[slot] = this.now;
      this.first[slot] = first;
      this.second[slot] = second;
      this.number[slot] = this.size;
      this.size += 1;
    }
    return this.number[slot] ?? 0;
  }

  /** -1 where it was not entered. */
  find(first: number, second: number): number {
    const slot = this.slotOf(first, second);
    return this.round[slot] === this.now ? (this.number[slot] ?? 0) : -1;
  }
}
