/** Student's t distribution, for intervals from a handful of runs. */
import { logGamma } from "./tails.ts";

/** Lentz's continued fraction of the regularised incomplete beta function. */
function betaFraction(x: number, a: number, b: number): number {
  const tiny = 1e-300;
  const away = (value: number): number => (Math.abs(value) < tiny ? tiny : value);
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let product = d;
  for (let m = 1; m < 500; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    product *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    product *= d * c;
    if (Math.abs(d * c - 1) < 1e-15) break;
  }
  return product;
}

function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log(1 - x));
  // The fraction converges fast only on this side; the other is its mirror.
  return x < (a + 1) / (a + b + 2) ? (front * betaFraction(x, a, b)) / a : 1 - (front * betaFraction(1 - x, b, a)) / b;
}

/** Probability of |T| > |t|. `df` need not be whole (Welch). */
export const twoSidedTail = (t: number, df: number): number => incompleteBeta(df / (df + t * t), df / 2, 0.5);

/** The t whose interval ±t has probability `level`. */
export function studentQuantile(level: number, df: number): number {
  let low = 0;
  let high = 1;
  while (twoSidedTail(high, df) > 1 - level && high < 1e12) high *= 2;
  for (let i = 0; i < 100 && high - low > 1e-12 * high; i++) {
    const middle = (low + high) / 2;
    if (twoSidedTail(middle, df) > 1 - level) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
