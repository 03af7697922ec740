import type { Table } from "./table.ts";

type Codes = Uint8Array | Uint16Array;

/**
 * Columns that are counted in one pass, as the digits of one number. So many numbers at most, and half as many as the
 * smallest slices that are searched usually have examples (a hundredth): reading the digits then costs less than a pass.
 */
const mostJoint = 1024;
const jointPerRow = 1 / 200;

interface Bundle {
  readonly codes: Uint16Array;
  readonly size: Uint32Array;
  readonly wrong: Uint32Array;
  /** Whether it is counted for the rows at hand. */
  isCounted: boolean;
}

/** A column in its bundle: `values` digits, each worth `step`. */
interface Digit {
  readonly bundle: Bundle;
  readonly step: number;
  readonly values: number;
}

/** Sizes and errors of all values of a column among some rows, in one pass over them. */
export class Counter {
  readonly size: Uint32Array;
  readonly error: Float64Array;
  readonly most: Float64Array;
  readonly #digits: readonly Digit[];
  readonly #bundles: readonly Bundle[];
  readonly #table: Table;
  #rows: Uint32Array | null = null;

  constructor(table: Table) {
    const values = table.items.reduce((most, { code }) => Math.max(most, code), 0) + 1;
    this.size = new Uint32Array(values);
    this.error = new Float64Array(values);
    this.most = new Float64Array(values);
    this.#table = table;
    this.#digits = table.isShare ? digitsOf(table) : [];
    this.#bundles = [...new Set(this.#digits.map(({ bundle }) => bundle))];
  }

  /** `rows` in ascending order. Columns of the same array of rows are faster one after the other. */
  count(rows: Uint32Array, column: number): void {
    this.size.fill(0);
    this.error.fill(0);
    const digit = this.#digits[column];
    if (digit !== undefined) this.#countShares(rows, digit);
    else this.#sumErrors(rows, this.#table.codes[column] ?? new Uint8Array());
  }

  #countShares(rows: Uint32Array, { bundle, step, values }: Digit): void {
    if (rows !== this.#rows) for (const one of this.#bundles) one.isCounted = false;
    this.#rows = rows;
    if (!bundle.isCounted) {
      const cut = firstFrom(rows, this.#table.wrong);
      addCounts(bundle.wrong.fill(0), bundle.codes, rows.subarray(0, cut));
      addCounts(bundle.size.fill(0), bundle.codes, rows.subarray(cut));
      bundle.isCounted = true;
    }
    const { size, error, most } = this;
    for (let start = 0; start < bundle.size.length; start += step * values)
      for (let value = 0; value < values; value += 1) {
        let [right, wrong] = [0, 0];
        const from = start + value * step;
        for (let joint = from; joint < from + step; joint += 1) {
          right += bundle.size[joint] ?? 0;
          wrong += bundle.wrong[joint] ?? 0;
        }
        size[value] = (size[value] ?? 0) + right + wrong;
        error[value] = (error[value] ?? 0) + wrong;
      }
    for (let value = 0; value < values; value += 1) most[value] = error[value] === 0 ? 0 : 1;
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

/** Neighbouring columns together, since what is searched below a slice are the columns behind its own. */
function digitsOf({ n, codes, items }: Table): Digit[] {
  const values = new Uint32Array(codes.length).fill(1);
  for (const { column, code } of items) values[column] = Math.max(values[column] ?? 0, code + 1);
  const most = Math.min(mostJoint, n * jointPerRow);
  const digits: Digit[] = [];
  for (let from = 0; from < codes.length;) {
    let joint = values[from] ?? 1;
    let end = from + 1;
    for (; end < codes.length && joint * (values[end] ?? 1) <= most; end += 1) joint *= values[end] ?? 1;
    const bundle = {
      codes: new Uint16Array(n),
      size: new Uint32Array(joint),
      wrong: new Uint32Array(joint),
      isCounted: false,
    };
    let step = 1;
    for (let column = from; column < end; column += 1) {
      addDigits(bundle.codes, codes[column] ?? new Uint8Array(), step);
      digits.push({ bundle, step, values: values[column] ?? 1 });
      step *= values[column] ?? 1;
    }
    from = end;
  }
  return digits;
}

function addDigits(joint: Uint16Array, codes: Codes, step: number): void {
  for (let row = 0; row < joint.length; row += 1) joint[row] = (joint[row] ?? 0) + step * (codes[row] ?? 0);
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

/**
 * Puts `rows` of the wanted values of a column behind each other into `out`, keeping their order; answers where each value
 * starts. `sizes`: how many rows have each value, 0 where it is not wanted. The last place of `out` takes what is not.
 */
export function partition(rows: Uint32Array, codes: Codes, sizes: Uint32Array, out: Uint32Array): Uint32Array {
  const starts = new Uint32Array(sizes.length);
  const next = new Uint32Array(sizes.length).fill(out.length - 1);
  const step = new Uint8Array(sizes.length);
  let place = 0;
  sizes.forEach((size, value) => {
    if (size === 0) return;
    starts[value] = place;
    next[value] = place;
    step[value] = 1;
    place += size;
  });
  for (let i = 0; i < rows.length; i += 1) {
    const row = rows[i] ?? 0;
    const code = codes[row] ?? 0;
    const to = next[code] ?? 0;
    out[to] = row;
    next[code] = to + (step[code] ?? 0);
  }
  return starts;
}
