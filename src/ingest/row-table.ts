import type { SeriesPoints } from "../model/series.ts";

interface RowPlace {
  readonly step: number;
  readonly time: number;
}

/** The numbers of a row, and whether each of them is one of its metrics' values. */
export interface RowValues {
  readonly numbers: Float64Array;
  /** 1 or 0; a value may be NaN. */
  readonly given: Uint8Array;
}

/**
 * Rows of metrics in columns. The steps and times of a row are written once for all its metrics, and those that have a
 * value in every row share them further on: in a long log they are two thirds of all numbers.
 */
export class RowTable {
  length = 0;
  #step: Float64Array;
  #time: Float64Array;
  readonly #values: Float64Array[] = [];
  /** 1 where a row has a value. */
  readonly #given: Uint8Array[] = [];
  /** How many rows have a value, by column. */
  readonly #present: number[] = [];
  #isClosed = false;

  constructor(capacity: number) {
    this.#step = new Float64Array(capacity);
    this.#time = new Float64Array(capacity);
  }

  /** Makes a column, and answers its place. */
  widen(): number {
    this.#present.push(0);
    this.#given.push(new Uint8Array(this.#step.length));
    return this.#values.push(new Float64Array(this.#step.length)) - 1;
  }

  /** A row with values in these columns. True when one of them is the first in its column. */
  push({ step, time }: RowPlace, places: readonly number[], row: RowValues): boolean {
    let isFirst = false;
    const at = this.length;
    if (at === this.#step.length) this.#grow(4 * at);
    this.#step[at] = step;
    this.#time[at] = time;
    for (let i = 0; i < places.length; i++) {
      const place = places[i] ?? 0;
      const column = this.#values[place];
      const given = this.#given[place];
      if (row.given[i] === 0 || column === undefined || given === undefined) continue;
      column[at] = row.numbers[i] ?? Number.NaN;
      given[at] = 1;
      if (this.#present[place] === 0) isFirst = true;
      this.#present[place] = (this.#present[place] ?? 0) + 1;
    }
    this.length = at + 1;
    return isFirst;
  }

  has(place: number): boolean {
    return this.#present[place] !== 0;
  }

  /** No more rows come: `points` then hands out the columns themselves. */
  close(): void {
    this.#isClosed = true;
    this.#step = this.#step.subarray(0, this.length);
    this.#time = this.#time.subarray(0, this.length);
    for (const [i, column] of this.#values.entries()) this.#values[i] = column.subarray(0, this.length);
  }

  /** The rows are told: others may follow. */
  clear(): void {
    for (const given of this.#given) given.fill(0, 0, this.length);
    this.#present.fill(0);
    this.length = 0;
  }

  /** The points of one column. */
  points(place: number): Pick<SeriesPoints, "step" | "time" | "value"> {
    const value = this.#values[place] ?? this.#step;
    if (this.#present[place] === this.length) {
      const of = (column: Float64Array): Float64Array => (this.#isClosed ? column : column.slice(0, this.length));
      return { step: of(this.#step), time: of(this.#time), value: of(value) };
    }
    const given = this.#given[place];
    const kept = (column: Float64Array): Float64Array => {
      const only = new Float64Array(this.#present[place] ?? 0);
      for (let i = 0, to = 0; i < this.length; i++) if (given?.[i] === 1) only[to++] = column[i] ?? Number.NaN;
      return only;
    };
    return { step: kept(this.#step), time: kept(this.#time), value: kept(value) };
  }

  #grow(capacity: number): void {
    this.#step = larger(this.#step, capacity);
    this.#time = larger(this.#time, capacity);
    for (const [i, column] of this.#values.entries()) this.#values[i] = larger(column, capacity);
    for (const [i, given] of this.#given.entries()) {
      const wider = new Uint8Array(capacity);
      wider.set(given);
      this.#given[i] = wider;
    }
  }
}

/** A copy with more room. */
export const larger = (column: Float64Array, capacity: number): Float64Array => {
  const copy = new Float64Array(capacity);
  copy.set(column);
  return copy;
};
