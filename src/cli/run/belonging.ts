import type { Decoded } from "../../model/batch.ts";
import type { SeriesPoints } from "../../model/series.ts";
import type { Owners } from "../read/owners.ts";
import { precisionOfAll, roundingOf } from "../read/printed.ts";
import { writerOf } from "./writers.ts";

/** The same in every run with the same settings, or never the same twice: no evidence for or against. */
const tellsNothing = /epoch|learning_rate|(^|[/_])lr$|step|token|time|per_second|_sec|it\/s|throughput|speed|memory/i;
/** How long a file waits for the console to say something that it can be compared with. */
const patienceMs = 10_000;
/** Of the compared points; the step of a printed line is sometimes off. */
const mostDifferent = 0.5;
/** Of the file's values, found printed at whatever step. */
const enoughFound = 0.7;
const mostCompared = 2000;

type Judgement = { readonly another: string } | { readonly passed: readonly Decoded[] };

/**
 * Whether a file under the working directory is this run's. Another training in the same directory writes
 * files of the same names and metrics; what tells them apart is who has the file open, and whether its values
 * are those that this run printed. Until that is known its points wait.
 */
export class Belonging {
  readonly #path: string;
  readonly #pid: number | undefined;
  #isSure = false;
  #isPassed = false;
  #firstAt: number | undefined;
  #waiting: Decoded[] = [];
  #compared = 0;
  #different = 0;

  constructor(path: string, pid: number | undefined) {
    this.#path = path;
    this.#pid = pid;
  }

  /** Points that wait for the verdict. */
  get waiting(): SeriesPoints[] {
    return this.#waiting.flatMap(({ series }) => series);
  }

  async judge(parts: readonly Decoded[], owners: Owners, source: object, isLast: boolean): Promise<Judgement> {
    const isNew = parts.some(({ series }) => series.length > 0);
    if (isNew && !this.#isSure && this.#pid !== undefined) {
      const writer = await writerOf(this.#path, this.#pid);
      if (writer === "another") return { another: "another process writes it" };
      this.#isSure = writer === "command";
    }
    if (this.#isSure) return this.#pass(parts);
    if (this.#isPassed) {
      this.#compare(parts, owners, source);
      return this.#isAnother() ? { another: "its values are not those printed" } : this.#pass(parts);
    }
    this.#waiting.push(...parts);
    if (!this.#waiting.some(({ series }) => series.length > 0)) return isLast ? this.#pass([]) : { passed: [] };
    this.#firstAt ??= Date.now();
    this.#compared = 0;
    this.#different = 0;
    const shared = this.#compare(this.#waiting, owners, source);
    if (this.#isAnother()) return { another: "its values are not those printed" };
    const isTold = this.#compared > 0 || (shared === 0 && !owners.isEmpty);
    return isTold || isLast || Date.now() - this.#firstAt > patienceMs ? this.#pass([]) : { passed: [] };
  }

  #pass(parts: readonly Decoded[]): Judgement {
    const passed = [...this.#waiting, ...parts];
    this.#waiting = [];
    this.#isPassed = true;
    return { passed };
  }

  #isAnother(): boolean {
    return this.#different > mostDifferent * this.#compared;
  }

  /** Notes how many points are there under the same step with another value. Answers how many metrics both have. */
  #compare(parts: readonly Decoded[], owners: Owners, source: object): number {
    let shared = 0;
    for (const points of parts.flatMap(({ series }) => series)) {
      if (tellsNothing.test(points.name)) continue;
      const known = owners.known(points, source);
      if (known === undefined) continue;
      shared += 1;
      if (this.#compared > mostCompared) continue;
      const printed = [...known.values()].slice(-mostCompared);
      const precision = precisionOfAll(printed);
      const file = precisionOfAll(points.value.subarray(0, 100));
      const isSame = (a: number, b: number): boolean =>
        Object.is(a, b) || Math.abs(a - b) <= Math.max(roundingOf(b, precision), roundingOf(a, file));
      let compared = 0;
      let different = 0;
      points.step.forEach((step, i) => {
        const value = known.get(step);
        if (value === undefined) return;
        compared += 1;
        if (!isSame(points.value[i] ?? Number.NaN, value)) different += 1;
      });
      // Where steps are counted otherwise (epochs here, batches there), the values still are those printed.
      if (compared === 0 || different > mostDifferent * compared) {
        const sorted = Float64Array.from(printed).sort();
        const found = points.value.reduce((sum, value) => sum + (holds(sorted, value, isSame) ? 1 : 0), 0);
        if (found >= enoughFound * Math.min(points.value.length, printed.length)) {
          compared = Math.max(1, compared);
          different = 0;
        }
      }
      this.#compared += compared;
      this.#different += different;
    }
    return shared;
  }
}

/** Whether a value is among sorted ones; a neighbour on either side may be it. NaN stands last. */
function holds(sorted: Float64Array, value: number, isSame: (a: number, b: number) => boolean): boolean {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? Number.NaN) < value) low = middle + 1;
    else high = middle;
  }
  return [low - 1, low, sorted.length - 1].some((i) => {
    const near = sorted[i];
    return near !== undefined && isSame(value, near);
  });
}
