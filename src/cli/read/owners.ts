import { seriesId, type SeriesPoints } from "../../model/series.ts";
import { isSamePrinted } from "./printed.ts";

/** Where points came from: the console, or one file. Identity is all that matters. */
export type Source = object;

interface Owned {
  owner: Source;
  known: Known;
  lastStep: number;
  /** What the owner said first, when it has not been passed on yet. */
  first: SeriesPoints | undefined;
  /** How often `settle` has passed over `first`. */
  waits: number;
  /** Points of other sources ahead of the owner's: it may be about to deliver them itself. */
  readonly held: Map<Source, SeriesPoints>;
}

/** What the owner said, by step. Most metrics come from one source only, and are never looked up. */
class Known {
  readonly #values = new Map<number, number>();
  #unread: SeriesPoints[] = [];

  add(points: SeriesPoints): void {
    this.#unread.push(points);
  }

  /** By step; the latest one where a step came again. */
  get values(): ReadonlyMap<number, number> {
    for (const { step, value } of this.#unread)
      for (let i = 0; i < step.length; i++) this.#values.set(step[i] ?? Number.NaN, value[i] ?? Number.NaN);
    this.#unread = [];
    return this.#values;
  }
}

/** A source that is this many points ahead has overtaken the owner, and owns the metric from there on. */
const overtaken = 6;

/**
 * One metric often arrives twice, printed and in a file. The first source that delivered a metric's name
 * owns it. Of any other source's points of that name, those at steps already known are dropped and counted.
 * So are, in a count of their own, those behind the last known step: they come too late to stand in order, and
 * would look like a resume. Mostly they are the history of an earlier run, which a resumed trainer writes too.
 * Points ahead of the owner wait for it, so that a source which is first by a moment does not break its order.
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

  get isEmpty(): boolean {
    return this.#metrics.size === 0;
  }

  /** Values by step of a metric that another source delivers. */
  known(points: SeriesPoints, source: Source): ReadonlyMap<number, number> | undefined {
    const owned = this.#metrics.get(seriesId(points.name, points.labels));
    return owned === undefined || owned.owner === source ? undefined : owned.known.values;
  }

  /**
   * `isTentative`: the first points of a metric wait for more of them or for `settle`, because a source that
   * tells more may be found in the meantime (Lightning prints the last values only, its file has all).
   */
  take(source: Source, series: readonly SeriesPoints[], isTentative = false): SeriesPoints[] {
    return series.flatMap((points) => this.#takeOne(source, points, isTentative));
  }

  /**
   * First points that nobody else told in `patience` calls; a value that is not finite waits for nobody.
   * Those of metrics that a file holds which is being judged wait on.
   */
  settle(judged: ReadonlySet<string> = new Set(), patience = 0): SeriesPoints[] {
    return [...this.#metrics].flatMap(([id, owned]) => {
      const { first } = owned;
      if (first === undefined || judged.has(id)) return [];
      owned.waits += 1;
      if (owned.waits <= patience && first.value.every((value) => Number.isFinite(value))) return [];
      owned.first = undefined;
      return first;
    });
  }

  /** No source has more: what waited for an owner that did not come. */
  end(): SeriesPoints[] {
    const rest = this.settle();
    for (const [id, owned] of this.#metrics) {
      for (const points of owned.held.values()) {
        const ahead = this.#ahead(id, owned, points);
        if (ahead.step.length === 0) continue;
        note(owned, ahead);
        rest.push(ahead);
      }
      owned.held.clear();
    }
    return rest;
  }

  #takeOne(source: Source, points: SeriesPoints, isTentative: boolean): SeriesPoints[] {
    if (points.step.length === 0) return [];
    const id = seriesId(points.name, points.labels);
    const owned = this.#metrics.get(id);
    if (owned === undefined) {
      const first = isTentative ? points : undefined;
      const fresh = {
        owner: source,
        known: new Known(),
        lastStep: Number.NEGATIVE_INFINITY,
        first,
        waits: 0,
        held: new Map(),
      };
      this.#metrics.set(id, fresh);
      note(fresh, points);
      return isTentative ? [] : [points];
    }
    const { first } = owned;
    if (owned.owner === source) {
      owned.first = undefined;
      note(owned, points);
      return [first === undefined ? points : joined(first, points)];
    }
    if (first !== undefined && points.step.length > first.step.length) {
      owned.held.set(owned.owner, first);
      Object.assign(owned, { owner: source, known: new Known(), lastStep: Number.NEGATIVE_INFINITY, first: undefined });
      note(owned, points);
      return [points];
    }
    const held = owned.held.get(source);
    const ahead = this.#ahead(id, owned, held === undefined ? points : joined(held, points));
    if (ahead.step.length < overtaken) {
      owned.held.set(source, ahead);
      return [];
    }
    owned.held.delete(source);
    owned.owner = source;
    owned.first = undefined;
    note(owned, ahead);
    return first === undefined ? [ahead] : [first, ahead];
  }

  /** What stands behind all that is known; the rest is counted. */
  #ahead(id: string, { known: { values }, lastStep }: Owned, points: SeriesPoints): SeriesPoints {
    let twice = 0;
    let late = 0;
    const ahead = keep(points, (i) => {
      const step = points.step[i] ?? Number.NaN;
      const value = points.value[i] ?? Number.NaN;
      // One source counts steps from 0, the other from 1: the same value one step off is the same point.
      const isNear = (near: number | undefined): boolean => near !== undefined && isSamePrinted(near, value);
      const isNumber = Number.isFinite(value) && value !== 0;
      const isKnown = values.has(step) || (isNumber && (isNear(values.get(step - 1)) || isNear(values.get(step + 1))));
      if (isKnown) twice += 1;
      else if (step < lastStep) late += 1;
      return !isKnown && step > lastStep;
    });
    if (twice > 0) this.#dropped.set(id, (this.#dropped.get(id) ?? 0) + twice);
    if (late > 0) this.#late.set(id, (this.#late.get(id) ?? 0) + late);
    return ahead;
  }
}

function note(owned: Owned, points: SeriesPoints): void {
  owned.known.add(points);
  owned.lastStep = points.step.at(-1) ?? owned.lastStep;
}

function joined(a: SeriesPoints, b: SeriesPoints): SeriesPoints {
  const column = (of: "step" | "time" | "value"): Float64Array => Float64Array.from([...a[of], ...b[of]]);
  return { ...b, step: column("step"), time: column("time"), value: column("value") };
}

/** The points whose index passes. */
export function keep(points: SeriesPoints, passes: (index: number) => boolean): SeriesPoints {
  const indices: number[] = [];
  for (let i = 0; i < points.step.length; i += 1) if (passes(i)) indices.push(i);
  if (indices.length === points.step.length) return points;
  const pick = (column: Float64Array): Float64Array => Float64Array.from(indices, (i) => column[i] ?? Number.NaN);
  return { ...points, step: pick(points.step), time: pick(points.time), value: pick(points.value) };
}
