import { seriesId, type SeriesPoints } from "../../model/series.ts";
import { keep } from "./owners.ts";

/**
 * Passes on only what a file did not hold before. A file that is rewritten whole (a JSON document, a CSV
 * with a new column) is decoded from its start each time; a point counts as the same when series, step
 * and value are the same, as often as it was there before.
 */
export class Unseen {
  readonly #before = new Map<string, number>();
  #now = new Map<string, number>();

  /** The file is read from its start again. */
  restart(): void {
    this.#now = new Map();
  }

  take(series: readonly SeriesPoints[]): SeriesPoints[] {
    return series.flatMap((points) => {
      const id = seriesId(points.name, points.labels);
      const fresh = keep(points, (i) => this.#note(`${id}\n${points.step[i]}\n${points.value[i]}`));
      return fresh.step.length === 0 ? [] : [fresh];
    });
  }

  #note(point: string): boolean {
    const now = (this.#now.get(point) ?? 0) + 1;
    this.#now.set(point, now);
    if (now <= (this.#before.get(point) ?? 0)) return false;
    this.#before.set(point, now);
    return true;
  }
}
