import { type Curve, defineFold } from "../fold.ts";
import type { SeriesData } from "../run-data.ts";
import type { Signal } from "../signals.ts";

export type { Curve } from "../fold.ts";

/** Of several series with the same meaning (ranks, a summary at the end) the one with most rows; the first wins ties. */
export function longest(series: readonly SeriesData[]): SeriesData | undefined {
  let best: SeriesData | undefined;
  for (const candidate of series) if (best === undefined || candidate.length > best.length) best = candidate;
  return best !== undefined && best.length > 0 ? best : undefined;
}

/**
 * The series that is meant first by this signal, `loss` before `box_loss`, among those that were logged about as often
 * as any of them; then the one with most rows; of parts that no line sums up the one that began largest, since most of
 * what is minimised is in it; then the plainest name.
 */
export function foremost(series: readonly SeriesData[], signal: Signal): SeriesData | undefined {
  let rows = 0;
  for (const { length } of series) rows = Math.max(rows, length);
  const rankOf = ({ name }: SeriesData): number => signal.rank?.(name) ?? 0;
  const startOf = ({ value }: SeriesData): number => (Number.isFinite(value[0]) ? (value[0] ?? 0) : 0);
  const bySize = (one: SeriesData, other: SeriesData): number =>
    one.name === other.name || rankOf(one) === 0 ? 0 : startOf(other) - startOf(one);
  let best: SeriesData | undefined;
  for (const one of series) {
    if (2 * one.length < rows || one.length === 0) continue;
    const order =
      best === undefined
        ? -1
        : rankOf(one) - rankOf(best) ||
          best.length - one.length ||
          bySize(one, best) ||
          one.name.length - best.name.length;
    if (order < 0) best = one;
  }
  return best;
}

export const whole = (series: SeriesData): Curve => ({
  series: series.id,
  step: series.step,
  time: series.time,
  value: series.value,
  length: series.length,
  origin: series,
});

/** Finite rows so far. Nothing is copied before the first row that has to go. */
class FiniteRows {
  readonly origin = {};
  length = 0;
  isCopied = false;
  /** Of each kept row its number in the curve. */
  rows = new Float64Array(0);
  step = new Float64Array(0);
  time = new Float64Array(0);
  value = new Float64Array(0);

  reserve(length: number): void {
    if (length <= this.value.length) return;
    const capacity = Math.max(length, 2 * this.value.length);
    const larger = (column: Float64Array): Float64Array<ArrayBuffer> => {
      const copy = new Float64Array(capacity);
      copy.set(column.subarray(0, this.length));
      return copy;
    };
    this.rows = larger(this.rows);
    this.step = larger(this.step);
    this.time = larger(this.time);
    this.value = larger(this.value);
  }

  /** How many of the kept rows stand before row `end` of the curve. */
  before(end: number): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.rows[middle] ?? Number.NaN) < end) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const finiteFold = defineFold<FiniteRows>({
  start: () => new FiniteRows(),
  advance(kept, { step, time, value, length }, from) {
    let row = from;
    if (!kept.isCopied) {
      while (row < length && Number.isFinite(value[row])) row += 1;
      kept.length = row;
      if (row === length) return;
      kept.isCopied = true;
      kept.reserve(length);
      for (let i = 0; i < row; i++) kept.rows[i] = i;
      kept.step.set(step.subarray(0, row));
      kept.time.set(time.subarray(0, row));
      kept.value.set(value.subarray(0, row));
    }
    kept.reserve(kept.length + length - row);
    for (; row < length; row++) {
      const number = value[row] ?? Number.NaN;
      if (!Number.isFinite(number)) continue;
      kept.rows[kept.length] = row;
      kept.step[kept.length] = step[row] ?? Number.NaN;
      kept.time[kept.length] = time[row] ?? Number.NaN;
      kept.value[kept.length] = number;
      kept.length += 1;
    }
  },
});

/** The finite rows before row `end`. Shares memory with the series while nothing has to go. */
export function finiteRows(curve: Curve, end = curve.length): Curve {
  const kept = finiteFold(curve);
  const from = kept.isCopied ? kept : curve;
  const length = kept.isCopied ? kept.before(end) : Math.min(end, kept.length);
  return {
    series: curve.series,
    step: from.step.subarray(0, length),
    time: from.time.subarray(0, length),
    value: from.value.subarray(0, length),
    length,
    ...(curve.origin === undefined ? {} : { origin: kept.origin }),
  };
}

/** The last row whose step is smaller than that of the row before it; 0 while steps only rise. */
const lastDescent = defineFold({
  start: () => ({ row: 0 }),
  advance(state, { step, length }, from) {
    for (let i = Math.max(1, from); i < length; i++)
      if (!((step[i] ?? Number.NaN) >= (step[i - 1] ?? Number.NaN))) state.row = i;
  },
});

/** Row of the last point at or before `step`, looking only at rows in ascending order from the end; -1 when none. */
export function rowAtStep(curve: Curve, step: number): number {
  const row = curve.origin === undefined ? curve.length : lastDescent(curve).row;
  // From there on steps rise, so the row can be found by halves.
  if ((curve.step[row] ?? Number.NaN) <= step) {
    let low = row;
    let high = curve.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((curve.step[middle] ?? Number.NaN) <= step) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
  for (let i = row - 1; i >= 0; i--) if ((curve.step[i] ?? Number.NaN) <= step) return i;
  return -1;
}

/** The finite value logged at exactly this step, the latest if it was logged twice. */
export function valueAtStep(curve: Curve, step: number): number | undefined {
  const row = rowAtStep(curve, step);
  return row >= 0 && curve.step[row] === step ? curve.value[row] : undefined;
}

/** The same by bisection: exact while steps only rise, near enough around a resume. For many look-ups in long curves. */
export function rowBefore(curve: Curve, step: number): number {
  let low = 0;
  let high = curve.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((curve.step[middle] ?? Number.NaN) <= step) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
