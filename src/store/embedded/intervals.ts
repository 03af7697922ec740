/** A set of integers kept as sorted, disjoint, non-adjacent inclusive intervals: exact, and small when nearly all arrive in order. */
export class Intervals {
  private readonly starts: number[] = [];
  private readonly ends: number[] = [];

  has(value: number): boolean {
    const at = this.before(value);
    return at >= 0 && value <= (this.ends[at] ?? -Infinity);
  }

  add(first: number, last = first): void {
    // Intervals that touch [first - 1, last + 1] are merged into one.
    let from = this.before(first - 1);
    if (from < 0 || (this.ends[from] ?? -Infinity) < first - 1) from += 1;
    let to = from;
    let start = first;
    let end = last;
    while (to < this.starts.length && (this.starts[to] ?? Infinity) <= last + 1) {
      start = Math.min(start, this.starts[to] ?? start);
      end = Math.max(end, this.ends[to] ?? end);
      to += 1;
    }
    this.starts.splice(from, to - from, start);
    this.ends.splice(from, to - from, end);
  }

  *[Symbol.iterator](): Generator<readonly [number, number]> {
    for (const [index, start] of this.starts.entries()) yield [start, this.ends[index] ?? start];
  }

  /** Index of the last interval that starts at or before `value`, or -1. */
  private before(value: number): number {
    let low = 0;
    let high = this.starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.starts[middle] ?? Infinity) <= value) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}
