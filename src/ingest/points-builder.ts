import { seriesId } from "../model/series.ts";
import { isTime } from "../model/time.ts";
import type { Labels, SeriesPoints } from "../model/series.ts";

/** More names than this in one input are a mistake (a name that holds a step), and would eat the memory. */
const maxSeries = 50_000;
const maxNameLength = 512;

/** Where points stand: the step, and milliseconds since the epoch (NaN when unknown). */
export interface Place {
  readonly step: number;
  readonly time: number;
}

class Columns {
  step = new Float64Array(4);
  time = new Float64Array(4);
  value = new Float64Array(4);
  length = 0;

  push(step: number, time: number, value: number): void {
    const row = this.length;
    if (row === this.step.length) this.#grow(4 * row);
    this.step[row] = step;
    this.time[row] = time;
    this.value[row] = value;
    this.length = row + 1;
  }

  append(step: Float64Array, time: Float64Array, value: Float64Array): void {
    if (this.length + step.length > this.step.length) this.#grow(this.length + step.length);
    this.step.set(step, this.length);
    this.time.set(time, this.length);
    this.value.set(value, this.length);
    this.length += step.length;
  }

  #grow(capacity: number): void {
    const larger = (column: Float64Array): Float64Array<ArrayBuffer> => {
      const copy = new Float64Array(capacity);
      copy.set(column);
      return copy;
    };
    this.step = larger(this.step);
    this.time = larger(this.time);
    this.value = larger(this.value);
  }
}

function misplaced(name: string, { step, time }: Place): string | undefined {
  if (!Number.isSafeInteger(step)) return `step ${step} of ${name.slice(0, 64)} is not an integer`;
  if (!isTime(time)) return `time ${time} of ${name.slice(0, 64)} is not in milliseconds`;
  return undefined;
}

/**
 * Collects points and hands them out as columns. It owns what `SeriesPoints` promises: three columns
 * of one length, integer steps up to 2^53, names of 1 to 512 characters, arrival order.
 */
export class PointsBuilder {
  readonly #series = new Map<string, { name: string; labels: Labels; columns: Columns }>();
  /** Columns by the list of names of a row, until the next `take`; empty where one of them was refused. */
  readonly #rows = new Map<readonly string[], readonly Columns[]>();
  /** Every series so far, also of batches handed out already: the cap is for the whole input. */
  readonly #known = new Set<string>();

  /** Adds a point, or says why it can not be one. */
  add(name: string, labels: Labels | undefined, place: Place, value: number): string | undefined {
    const refusal = misplaced(name, place);
    if (refusal !== undefined) return refusal;
    const columns = this.#columnsOf(labels === undefined ? name : seriesId(name, labels), labels, name);
    if (typeof columns === "string") return columns;
    columns.push(place.step, place.time, value);
    return undefined;
  }

  #columnsOf(id: string, labels: Labels | undefined, name: string): Columns | string {
    const known = this.#series.get(id);
    if (known !== undefined) return known.columns;
    if (name.length === 0 || name.length > maxNameLength) return `a metric name has ${name.length} characters`;
    if (!this.#known.has(id)) {
      if (this.#known.size >= maxSeries) return `more than ${maxSeries} series; ${name.slice(0, 64)} is left out`;
      this.#known.add(id);
    }
    const columns = new Columns();
    this.#series.set(id, { name, labels: labels ?? {}, columns });
    return columns;
  }

  /**
   * The same for a row of metrics without labels; `names` must be the same list again for rows of one form.
   * NaN stands for a column that has no value here. False: nothing was added, `add` says why for each point.
   */
  addRow(names: readonly string[], place: Place, values: Float64Array): boolean {
    if (!Number.isSafeInteger(place.step) || !isTime(place.time)) return false;
    let row = this.#rows.get(names);
    if (row === undefined) {
      const columns = names.map((name) => this.#columnsOf(name, undefined, name));
      row = columns.every((one) => typeof one === "object") ? columns : [];
      this.#rows.set(names, row);
    }
    if (row.length === 0) return false;
    for (const [i, columns] of row.entries()) {
      const value = values[i] ?? Number.NaN;
      if (!Number.isNaN(value)) columns.push(place.step, place.time, value);
    }
    return true;
  }

  /** Whole columns of one series, of one length. Says why they can't be taken; then nothing was added. */
  addColumns(
    name: string,
    labels: Labels,
    { step, time, value }: Omit<SeriesPoints, "name" | "labels">,
  ): string | undefined {
    for (let i = 0; i < step.length; i++) {
      const refusal = misplaced(name, { step: step[i] ?? Number.NaN, time: time[i] ?? Number.NaN });
      if (refusal !== undefined) return refusal;
    }
    const columns = this.#columnsOf(seriesId(name, labels), labels, name);
    if (typeof columns === "string") return columns;
    columns.append(step, time, value);
    return undefined;
  }

  /** The points since the last call. */
  take(): SeriesPoints[] {
    if (this.#series.size === 0) return [];
    // A row's column without a value so far makes no series.
    const filled = [...this.#series.values()].filter(({ columns }) => columns.length > 0);
    const taken = filled.map(({ name, labels, columns }) => ({
      name,
      labels,
      step: columns.step.slice(0, columns.length),
      time: columns.time.slice(0, columns.length),
      value: columns.value.slice(0, columns.length),
    }));
    this.#series.clear();
    this.#rows.clear();
    return taken;
  }
}
