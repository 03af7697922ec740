/** A learning rate as people write it: 2e-4, 5e-6, 0.1. */
export function rateText(rate: number): string {
  if (rate === 0 || Math.abs(rate) >= 0.01 || !Number.isFinite(rate)) return String(Number(rate.toPrecision(3)));
  return Number(rate.toPrecision(3)).toExponential();
}
