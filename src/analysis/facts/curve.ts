import type { SeriesData } from "../run-data.ts";

/** Rows of one series in arrival order, or of a part of it. */
export interface Curve {
  /** Identity of the series, as evidence names it. */
  readonly series: string;
  readonly step: Float64Array;
  readonly time: Float64Array;
  readonly value: Float64Array;
  readonly length: number;
}

/** Of several series with the same meaning (ranks, a summary at the end) the one with most rows; the first wins ties. */
export function longest(series: readonly SeriesData[]): SeriesData | undefined {
  let best: SeriesData | undefined;
  for (const candidate of series) if (best === undefined || candidate.length > best.length) best = candidate;
  return best !== undefined && best.length > 0 ? best : undefined;
}

export const whole = (series: SeriesData): Curve => ({
  series: series.id,
  step: series.step,
  time: series.time,
  value: series.value,
  length: series.length,
});

/** The finite rows before row `end`. Shares memory with the series when nothing has to go. */
export function finiteRows(curve: Curve, end = curve.length): Curve {
  let count = 0;
  for (let i = 0; i < end; i++) if (Number.isFinite(curve.value[i])) count += 1;
  if (count === end)
    return {
      series: curve.series,
      step: curve.step.subarray(0, end),
      time: curve.time.subarray(0, end),
      value: curve.value.subarray(0, end),
      length: end,
    };
  const keep = Float64Array.from({ length: count });
  let next = 0;
  for (let i = 0; i < end; i++) if (Number.isFinite(curve.value[i])) keep[next++] = i;
  const pick = (column: Float64Array): Float64Array => keep.map((row) => column[row] ?? Number.NaN);
  return {
    series: curve.series,
    step: pick(curve.step),
    time: pick(curve.time),
    value: pick(curve.value),
    length: count,
  };
}

/** Row of the last point at or before `step`, looking only at rows in ascending order from the end; -1 when none. */
export function rowAtStep(curve: Curve, step: number): number {
  for (let i = curve.length - 1; i >= 0; i--) if ((curve.step[i] ?? Number.NaN) <= step) return i;
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
