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

  grow(): void {
    const larger = (column: Float64Array): Float64Array<ArrayBuffer> => {
      const copy = new Float64Array(column.length * 4);
      copy.set(column);
      return copy;
    };
    this.step = larger(this.step);
    this.time = larger(this.time);
    this.value = larger(this.value);
  }
}

/**
 * Collects points and hands them out as columns. It owns what `SeriesPoints` promises: three columns
 * of one length, integer steps up to 2^53, names of 1 to 512 characters, arrival order.
 */
export class PointsBuilder {
  readonly #series = new Map<string, { name: string; labels: Labels; columns: Columns }>();
  /** Every series so far, also of batches handed out already: the cap is for the whole input. */
  readonly #known = new Set<string>();

  /** Adds a point, or says why it can not be one. */
  add(name: string, labels: Labels | undefined, place: Place, value: number): string | undefined {
    if (!Number.isSafeInteger(place.step)) return `step ${place.step} of ${name.slice(0, 64)} is not an integer`;
    if (!isTime(place.time)) return `time ${place.time} of ${name.slice(0, 64)} is not in milliseconds`;
    const id = labels === undefined ? name : seriesId(name, labels);
    let series = this.#series.get(id);
    if (series === undefined) {
      if (name.length === 0 || name.length > maxNameLength) return `a metric name has ${name.length} characters`;
      if (!this.#known.has(id)) {
        if (this.#known.size >= maxSeries) return `more than ${maxSeries} series; ${name.slice(0, 64)} is left out`;
        this.#known.add(id);
      }
      series = { name, labels: labels ?? {}, columns: new Columns() };
      this.#series.set(id, series);
    }
    const { columns } = series;
    if (columns.length === columns.step.length) columns.grow();
    columns.step[columns.length] = place.step;
    columns.time[columns.length] = place.time;
    columns.value[columns.length] = value;
    columns.length += 1;
    return undefined;
  }

  /** The points since the last call. */
  take(): SeriesPoints[] {
    if (this.#series.size === 0) return [];
    const taken = [...this.#series.values()].map(({ name, labels, columns }) => ({
      name,
      labels,
      step: columns.step.slice(0, columns.length),
      time: columns.time.slice(0, columns.length),
      value: columns.value.slice(0, columns.length),
    }));
    this.#series.clear();
    return taken;
  }
}
