/**
 * The median of all values so far, exactly as `median` gives it, at the logarithm of their number for each new one.
 * Two heaps: the lower half with its largest on top, the upper half with its smallest.
 */
export class RunningMedian {
  readonly #lower = new Heap();
  readonly #upper = new Heap();

  get length(): number {
    return this.#lower.length + this.#upper.length;
  }

  /** `value` must not be NaN: it has no place in an order. */
  push(value: number): void {
    const lower = this.#lower;
    const upper = this.#upper;
    // The lower half is kept negated, so that one kind of heap does for both.
    if (lower.length === 0 || value <= -lower.top) lower.push(-value);
    else upper.push(value);
    if (lower.length > upper.length + 1) upper.push(-lower.pop());
    else if (upper.length > lower.length) lower.push(-upper.pop());
  }

  /** NaN while there is none. Zero is never negative. */
  get median(): number {
    const low = -this.#lower.top;
    return this.#lower.length > this.#upper.length ? low + 0 : low + (this.#upper.top - low) * 0.5;
  }
}

/** The smallest on top. */
class Heap {
  #items = new Float64Array(64);
  length = 0;

  get top(): number {
    return this.length === 0 ? Number.NaN : this.#at(0);
  }

  push(value: number): void {
    if (this.length === this.#items.length) {
      const larger = new Float64Array(2 * this.length);
      larger.set(this.#items);
      this.#items = larger;
    }
    const items = this.#items;
    let place = this.length;
    this.length += 1;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = this.#at(parent);
      if (above <= value) break;
      items[place] = above;
      place = parent;
    }
    items[place] = value;
  }

  pop(): number {
    const items = this.#items;
    const top = this.#at(0);
    this.length -= 1;
    const value = this.#at(this.length);
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= this.length) break;
      if (child + 1 < this.length && this.#at(child + 1) < this.#at(child)) child += 1;
      const below = this.#at(child);
      if (below >= value) break;
      items[place] = below;
      place = child;
    }
    items[place] = value;
    return top;
  }

  #at(index: number): number {
    return this.#items[index] ?? Number.NaN;
  }
}
