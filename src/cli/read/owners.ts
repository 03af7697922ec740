import { seriesId, type SeriesPoints } from "../../model/series.ts";

/** Where points came from: the console, or one file. Identity is all that matters. */
export type Source = object;

interface Owned {
  readonly owner: Source;
  readonly steps: Set<number>;
  firstStep: number;
}

/**
 * One metric often arrives twice, printed and in a file. The first source that delivered a metric's name
 * owns it. Of any other source's points of that name, those at steps already known are dropped and counted,
 * and so are those before the owner's first step: they are the history of an earlier run that a resumed
 * trainer writes into its file.
 */
export class Owners {
  readonly #metrics = new Map<string, Owned>();
  readonly #dropped = new Map<string, number>();

  /** Points that were dropped because another source had delivered them, by metric. */
  get dropped(): ReadonlyMap<string, number> {
    return this.#dropped;
  }

  take(source: Source, series: readonly SeriesPoints[]): SeriesPoints[] {
    return series.flatMap((points) => this.#takeOne(source, points));
  }

  #takeOne(source: Source, points: SeriesPoints): SeriesPoints[] {
    const first = points.step[0];
    if (first === undefined) return [];
    const id = seriesId(points.name, points.labels);
    let owned = this.#metrics.get(id);
    if (owned === undefined) {
      owned = { owner: source, steps: new Set(), firstStep: first };
      this.#metrics.set(id, owned);
    }
    if (owned.owner === source) {
      for (const step of points.step) owned.steps.add(step);
      return [points];
    }
    const { steps, firstStep } = owned;
    const kept = keep(points, (i) => {
      const step = points.step[i] ?? Number.NaN;
      return step >= firstStep && !steps.has(step);
    });
    const lost = points.step.length - kept.step.length;
    if (lost > 0) this.#dropped.set(id, (this.#dropped.get(id) ?? 0) + lost);
    for (const step of kept.step) steps.add(step);
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
