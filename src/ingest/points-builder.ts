import { seriesId } from "../model/series.ts";
import { isTime } from "../model/time.ts";
import type { Labels, SeriesPoints } from "../model/series.ts";
import { larger, RowTable } from "./row-table.ts";
import type { RowValues } from "./row-table.ts";

/** More names than this in one input are a mistake (a name that holds a step), and would eat the memory. */
const maxSeries = 50_000;
const maxNameLength = 512;

/** Where points stand: the step, and milliseconds since the epoch (NaN when unknown). */
export interface Place {
  readonly step: number;
  readonly time: number;
}

type Points = Pick<SeriesPoints, "step" | "time" | "value">;

const none = new Float64Array(0);

class Columns {
  length = 0;
  #step: Float64Array = none;
  #time: Float64Array = none;
  #value: Float64Array = none;
  /** The columns are another's, and full. */
  #isLent = false;

  push(step: number, time: number, value: number): void {
    const row = this.length;
    if (row === this.#step.length) this.#grow(Math.max(4, 4 * row));
    this.#step[row] = step;
    this.#time[row] = time;
    this.#value[row] = value;
    this.length = row + 1;
  }

  /** Keeps the columns themselves where nothing stands before them. */
  append({ step, time, value }: Points): void {
    const length = this.length + step.length;
    if (this.length === 0) {
      this.#step = step;
      this.#time = time;
      this.#value = value;
      this.#isLent = true;
    } else {
      if (length > this.#step.length) this.#grow(Math.max(length, 2 * this.length));
      this.#step.set(step, this.length);
      this.#time.set(time, this.length);
      this.#value.set(value, this.length);
    }
    this.length = length;
  }

  points(): Points {
    const of = (column: Float64Array): Float64Array => (this.#isLent ? column : column.slice(0, this.length));
    return { step: of(this.#step), time: of(this.#time), value: of(this.#value) };
  }

  #grow(capacity: number): void {
    this.#step = larger(this.#step, capacity);
    this.#time = larger(this.#time, capacity);
    this.#value = larger(this.#value, capacity);
    this.#isLent = false;
  }
}

function misplaced(name: string, { step, time }: Place): string | undefined {
  if (!Number.isSafeInteger(step)) return `step ${step} of ${name.slice(0, 64)} is not an integer`;
  if (!isTime(time)) return `time ${time} of ${name.slice(0, 64)} is not in milliseconds`;
  return undefined;
}

/** One series until the next `take`. */
interface Gathered {
  readonly name: string;
  readonly labels: Labels;
  /** Points one by one. */
  readonly columns: Columns;
  /** Its column in the table of rows, whose points come behind those. */
  place: number | undefined;
}

/**
 * Collects points and hands them out as columns. It owns what `SeriesPoints` promises: three columns
 * of one length, integer steps up to 2^53, names of 1 to 512 characters, arrival order.
 */
export class PointsBuilder {
  readonly #series = new Map<string, Gathered>();
  #table: RowTable | undefined;
  /** The latest columns of which every place was good: those of the next series are often the same. */
  #placed: Points | undefined;
  /** The places of a form's metrics in the table; none where one of them was refused. */
  readonly #forms = new Map<readonly string[], readonly number[]>();
  /** Columns of the table without a value so far: series stand in the order in which their first points came. */
  readonly #empty = new Map<string, Gathered>();
  /** Rows that the last batch had: the next one probably has as many. */
  #usual = 16;
  /** Every series so far, also of batches handed out already: the cap is for the whole input. */
  readonly #known = new Set<string>();

  /** Adds a point, or says why it can not be one. */
  add(name: string, labels: Labels | undefined, place: Place, value: number): string | undefined {
    const refusal = misplaced(name, place);
    if (refusal !== undefined) return refusal;
    const id = labels === undefined ? name : seriesId(name, labels);
    const series = this.#gathered(id, labels, name);
    if (typeof series === "string") return series;
    if (this.#empty.size > 0) this.#fill(id);
    if (series.place !== undefined) this.#settleRows();
    series.columns.push(place.step, place.time, value);
    return undefined;
  }

  #gathered(id: string, labels: Labels | undefined, name: string): Gathered | string {
    const known = this.#series.get(id) ?? this.#empty.get(id);
    if (known !== undefined) return known;
    if (name.length === 0 || name.length > maxNameLength) return `a metric name has ${name.length} characters`;
    if (!this.#known.has(id)) {
      if (this.#known.size >= maxSeries) return `more than ${maxSeries} series; ${name.slice(0, 64)} is left out`;
      this.#known.add(id);
    }
    const series: Gathered = { name, labels: labels ?? {}, columns: new Columns(), place: undefined };
    this.#empty.set(id, series);
    return series;
  }

  /** A point of the series came. */
  #fill(id: string): void {
    const series = this.#empty.get(id);
    if (series === undefined) return;
    this.#empty.delete(id);
    this.#series.set(id, series);
  }

  /** Rows so far go to their series, since a point that is not of a row follows them. */
  #settleRows(): void {
    const table = this.#table;
    if (table === undefined || table.length === 0) return;
    for (const { columns, place } of this.#series.values())
      if (place !== undefined) columns.append(table.points(place));
    table.clear();
  }

  /**
   * The same for a row of metrics without labels; `names` must be the same list again for rows of one form.
   * False: nothing was added, `add` says why for each point.
   */
  addRow(names: readonly string[], place: Place, values: RowValues): boolean {
    if (!Number.isSafeInteger(place.step) || !isTime(place.time)) return false;
    this.#table ??= new RowTable(this.#usual);
    let places = this.#forms.get(names);
    if (places === undefined) {
      places = this.#placesOf(names, this.#table);
      this.#forms.set(names, places);
    }
    if (places.length === 0) return false;
    const table = this.#table;
    if (table.push(place, places, values) && this.#empty.size > 0)
      for (const [i, name] of names.entries()) if (table.has(places[i] ?? 0)) this.#fill(name);
    return true;
  }

  #placesOf(names: readonly string[], table: RowTable): readonly number[] {
    const series = names.map((name) => this.#gathered(name, undefined, name));
    const places: number[] = [];
    for (const one of series) {
      if (typeof one === "string") return [];
      one.place ??= table.widen();
      places.push(one.place);
    }
    return places;
  }

  #refusalOf(name: string, points: Points): string | undefined {
    const { step, time } = points;
    if (this.#placed?.step === step && this.#placed.time === time) return undefined;
    for (let i = 0; i < step.length; i++) {
      if (Number.isSafeInteger(step[i]) && isTime(time[i] ?? Number.NaN)) continue;
      return misplaced(name, { step: step[i] ?? Number.NaN, time: time[i] ?? Number.NaN });
    }
    this.#placed = points;
    return undefined;
  }

  /** Whole columns of one series, of one length, which it keeps. Says why they can't be taken; then nothing was added. */
  addColumns(name: string, labels: Labels, points: Points): string | undefined {
    const refusal = this.#refusalOf(name, points);
    if (refusal !== undefined) return refusal;
    const id = seriesId(name, labels);
    const series = this.#gathered(id, labels, name);
    if (typeof series === "string") return series;
    this.#fill(id);
    if (series.place !== undefined) this.#settleRows();
    series.columns.append(points);
    return undefined;
  }

  /** The points since the last call. */
  take(): SeriesPoints[] {
    const taken: SeriesPoints[] = [];
    const table = this.#table;
    table?.close();
    for (const { name, labels, columns, place } of this.#series.values()) {
      if (place !== undefined && table !== undefined && table.length > 0) columns.append(table.points(place));
      // A row's column without a value so far makes no series.
      if (columns.length > 0) taken.push({ name, labels, ...columns.points() });
    }
    this.#usual = Math.max(16, Math.ceil(1.1 * (table?.length ?? 0)));
    this.#table = undefined;
    this.#forms.clear();
    this.#series.clear();
    this.#empty.clear();
    return taken;
  }
}
