import type { Table } from "./table.ts";

type Codes = Uint8Array | Uint16Array;

/** Sizes and errors of all values of a column among some rows, in one pass over them. */
export class Counter {
  readonly size: Uint32Array;
  readonly error: Float64Array;
  readonly most: Float64Array;
  readonly #wrong: Uint32Array;
  readonly #table: Table;

  constructor(table: Table) {
    const values = table.items.reduce((most, { code }) => Math.max(most, code), 0) + 1;
    this.size = new Uint32Array(values);
    this.#wrong = new Uint32Array(values);
    this.error = new Float64Array(values);
    this.most = new Float64Array(values);
    this.#table = table;
  }

  /** `rows` in ascending order. */
  count(rows: Uint32Array, column: number): void {
    const codes = this.#table.codes[column] ?? new Uint8Array();
    this.size.fill(0);
    this.error.fill(0);
    if (this.#table.isShare) this.#countShares(rows, codes);
    else this.#sumErrors(rows, codes);
  }

  #countShares(rows: Uint32Array, codes: Codes): void {
    const { size, error, most } = this;
    const cut = firstFrom(rows, this.#table.wrong);
    this.#wrong.fill(0);
    addCounts(this.#wrong, codes, rows.subarray(0, cut));
    addCounts(size, codes, rows.subarray(cut));
    for (let value = 0; value < size.length; value += 1) {
      const wrong = this.#wrong[value] ?? 0;
      size[value] = (size[value] ?? 0) + wrong;
      error[value] = wrong;
      most[value] = wrong === 0 ? 0 : 1;
    }
  }

  #sumErrors(rows: Uint32Array, codes: Codes): void {
    const { size, error, most } = this;
    const errors = this.#table.errors;
    most.fill(0);
    for (let i = 0; i < rows.length; i += 1) {
      const row = rows[i] ?? 0;
      const code = codes[row] ?? 0;
      const own = errors[row] ?? 0;
      size[code] = (size[code] ?? 0) + 1;
      error[code] = (error[code] ?? 0) + own;
      if (own > (most[code] ?? 0)) most[code] = own;
    }
  }
}

function addCounts(counts: Uint32Array, codes: Codes, rows: Uint32Array): void {
  for (let i = 0; i < rows.length; i += 1) {
    const code = codes[rows[i] ?? 0] ?? 0;
    counts[code] = (counts[code] ?? 0) + 1;
  }
}

/** How many of the ascending `rows` are below `limit`. */
function firstFrom(rows: Uint32Array, limit: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rows[middle] ?? 0) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Sorts `rows` by their value in a column, keeping their order; answers where each value starts in `out`, and the end. */
export function partition(rows: Uint32Array, codes: Codes, values: number, out: Uint32Array): Uint32Array {
  const starts = new Uint32Array(values + 2);
  addCounts(starts.subarray(1), codes, rows);
  for (let value = 1; value < starts.length; value += 1)
    starts[value] = (starts[value] ?? 0) + (starts[value - 1] ?? 0);
  const next = starts.slice();
  for (let i = 0; i < rows.length; i += 1) {
    const row = rows[i] ?? 0;
    const code = codes[row] ?? 0;
    const place = next[code] ?? 0;
    out[place] = row;
    next[code] = place + 1;
  }
  return starts;
}
