/** Round values inside [from, to], about `count` of them. */
export function ticks(from: number, to: number, count: number): number[] {
  const rough = (to - from) / Math.max(1, count);
  if (!(rough > 0) || !Number.isFinite(rough)) return [];
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = size * ([1, 2, 5, 10].find((n) => n * size >= rough) ?? 10);
  const first = Math.ceil(from / step);
  const last = Math.floor(to / step + 1e-9);
  // Through integers, so that 0.1 + 0.2 does not show; toPrecision removes what multiplying brought in.
  return Array.from({ length: last - first + 1 }, (_none, i) => Number(((first + i) * step).toPrecision(12)));
}

/** Powers of ten inside [from, to]; both positive. */
export function logTicks(from: number, to: number): number[] {
  const first = Math.ceil(Math.log10(from) - 1e-9);
  const last = Math.floor(Math.log10(to) + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_none, i) => Number(`1e${first + i}`));
}
