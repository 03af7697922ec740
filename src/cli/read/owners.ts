import { seriesId, type SeriesPoints } from "../../model/series.ts";

/** Where points came from: the console, or one file. Identity is all that matters. */
export type Source = object;

interface Owned {
  readonly owner: Source;
  readonly steps: Set<number>;
  lastStep: number;
}

/**
 * One metric often arrives twice, printed and in a file. The first source that delivered a metric's name
 * owns it. Of any other source's points of that name, those at steps already known are dropped and counted.
 * So are, in a count of their own, those behind the last known step: they come too late to stand in order, and
 * would look like a resume. Mostly they are the history of an earlier run, which a resumed trainer writes too.
 */
export class Owners {
  readonly #metrics = new Map<string, Owned>();
  readonly #dropped = new Map<string, number>();
  readonly #late = new Map<string, number>();

  /** Points that were dropped because another source had delivered them, by metric. */
  get dropped(): ReadonlyMap<string, number> {
    return this.#dropped;
  }

  /** Points that were dropped because they came behind the last step known of their metric, by metric. */
  get late(): ReadonlyMap<string, number> {
    return this.#late;
  }

  take(source: Source, series: readonly SeriesPoints[]): SeriesPoints[] {
    return series.flatMap((points) => this.#takeOne(source, points));
  }

  #takeOne(source: Source, points: SeriesPoints): SeriesPoints[] {
    if (points.step.length === 0) return [];
    const id = seriesId(points.name, points.labels);
    let owned = this.#metrics.get(id);
    if (owned === undefined) {
      owned = { owner: source, steps: new Set(), lastStep: Number.NEGATIVE_INFINITY };
      this.#metrics.set(id, owned);
    }
    const { steps, lastStep } = owned;
    let late = 0;
    const kept =
      owned.owner === source
        ? points
        : keep(points, (i) => {
            const step = points.step[i] ?? Number.NaN;
            if (steps.has(step)) return false;
            if (step < lastStep) late += 1;
            return step > lastStep;
          });
    const twice = points.step.length - kept.step.length - late;
    if (twice > 0) this.#dropped.set(id, (this.#dropped.get(id) ?? 0) + twice);
    if (late > 0) this.#late.set(id, (this.#late.get(id) ?? 0) + late);
    for (const step of kept.step) {
      steps.add(step);
      owned.lastStep = step;
    }
    return kept.step.length === 0 ? [] : [kept];
  }
}

/** The points whose index passes. */
export function keep(points: SeriesPoints, passes: (index: number) => boolean): SeriesPoints {
  const indices: number[] = [];
  for (let i = 0; i < points.step.length; i += 1) if (passes(i)) indices.push(i);
  if (indices.length === points.step.length) return points;
  const pick = (column: Float64Array): Float64Array => Float64Array.from(indices, (i) => column[i] ?? Number.NaN);
  return { ...points, step: pick(points.step), time: pick(points.time), value: pick(points.value) };
}
