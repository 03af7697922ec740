/**
 * Tails of distributions as natural logarithms, so that a probability of 1e-400 is still told from one of 1e-500.
 * Point probabilities by Loader's method (Fast and accurate computation of binomial probabilities, 2000): differences of
 * log-gammas of a million would lose nine digits.
 */

const halfLogTwoPi = 0.5 * Math.log(2 * Math.PI);

/** log(n!) less Stirling's formula. Terms of the series from n = 16 on are exact to 1e-17. */
function stirlingError(n: number): number {
  if (n < 16) {
    let factorial = 1;
    for (let i = 2; i <= n; i += 1) factorial *= i;
    return n === 0 ? 0 : Math.log(factorial) - (halfLogTwoPi + (n + 0.5) * Math.log(n) - n);
  }
  const square = n * n;
  return (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - 1 / 1188 / square) / square) / square) / square) / n;
}

/** x log(x / mean) + mean - x without cancellation. */
function deviance(x: number, mean: number): number {
  if (Math.abs(x - mean) >= 0.1 * (x + mean)) return x * Math.log(x / mean) + mean - x;
  const share = (x - mean) / (x + mean);
  let sum = (x - mean) * share;
  let power = 2 * x * share;
  for (let i = 1; i < 1000; i += 1) {
    power *= share * share;
    const next = sum + power / (2 * i + 1);
    if (next === sum) break;
    sum = next;
  }
  return sum;
}

/** Natural logarithm of the gamma function of x > 0. Lanczos (g = 7, 9 terms): relative error below 1e-14. */
export function logGamma(x: number): number {
  const terms = [
    676.5203681218851, -1259.1392167224028, 771.3234287776531, -176.6150291621406, 12.507343278686905,
    -0.13857109526572012, 9.984369578019572e-6, 1.5056327351493116e-7,
  ];
  const y = x - 1;
  const t = y + 7.5;
  const sum = terms.reduce((total, term, i) => total + term / (y + i + 1), 0.9999999999998099);
  return halfLogTwoPi + (y + 0.5) * Math.log(t) - t + Math.log(sum);
}

/** Log probability of exactly `k` successes in `n` trials. */
export function logBinomial(k: number, n: number, share: number): number {
  if (k < 0 || k > n) return Number.NEGATIVE_INFINITY;
  if (share === 0) return k === 0 ? 0 : Number.NEGATIVE_INFINITY;
  if (share === 1) return k === n ? 0 : Number.NEGATIVE_INFINITY;
  if (k === 0) return n * Math.log1p(-share);
  if (k === n) return n * Math.log(share);
  const exponent =
    stirlingError(n) -
    stirlingError(k) -
    stirlingError(n - k) -
    deviance(k, n * share) -
    deviance(n - k, n * (1 - share));
  return exponent - halfLogTwoPi - 0.5 * (Math.log(k) + Math.log1p(-k / n));
}

/** Sum of a falling sequence of probabilities over its first, where `ratio(i)` leads from item i to item i + 1. */
function sumOverFirst(ratio: (index: number) => number): number {
  let sum = 1;
  let term = 1;
  for (let i = 0; term > sum * 1e-17; i += 1) {
    term *= ratio(i);
    sum += term;
  }
  return sum;
}

const logComplement = (logP: number): number => (logP >= 0 ? Number.NEGATIVE_INFINITY : Math.log(-Math.expm1(logP)));

/** Log probability of at least `k` successes in `n` trials. */
export function logBinomialTail(k: number, n: number, share: number): number {
  if (k <= 0) return 0;
  if (k > n || share === 0) return Number.NEGATIVE_INFINITY;
  if (share === 1) return 0;
  const odds = share / (1 - share);
  if (k > n * share)
    return logBinomial(k, n, share) + Math.log(sumOverFirst((i) => ((n - k - i) / (k + i + 1)) * odds));
  // Below the mean the sum runs away from it as well, over what is left out.
  const below = k - 1;
  return logComplement(
    logBinomial(below, n, share) + Math.log(sumOverFirst((i) => (below - i) / (n - below + i + 1) / odds)),
  );
}

/** An urn: `draws` of `population` items without putting back, `successes` of which are of the counted kind. */
export interface Urn {
  readonly population: number;
  readonly successes: number;
  readonly draws: number;
}

/** Log probability of exactly `k` of the counted kind among the draws. */
export function logHypergeometric(k: number, { population, successes, draws }: Urn): number {
  if (k < Math.max(0, draws + successes - population) || k > Math.min(draws, successes))
    return Number.NEGATIVE_INFINITY;
  const share = draws / population;
  return (
    logBinomial(k, successes, share) +
    logBinomial(draws - k, population - successes, share) -
    logBinomial(draws, population, share)
  );
}

/** Log probability of at least `k` of the counted kind: Fisher's exact test against one side. */
export function logHypergeometricTail(k: number, urn: Urn): number {
  const { population, successes, draws } = urn;
  if (k <= Math.max(0, draws + successes - population)) return 0;
  if (k > Math.min(draws, successes)) return Number.NEGATIVE_INFINITY;
  const rest = population - successes - draws;
  if (k > (draws * successes) / population)
    return (
      logHypergeometric(k, urn) +
      Math.log(sumOverFirst((i) => (((successes - k - i) / (k + i + 1)) * (draws - k - i)) / (rest + k + i + 1)))
    );
  const below = k - 1;
  return logComplement(
    logHypergeometric(below, urn) +
      Math.log(
        sumOverFirst(
          (i) => ((below - i) / (successes - below + i + 1)) * ((rest + below - i) / (draws - below + i + 1)),
        ),
      ),
  );
}

/** Fisher's exact test against both sides: every table that is no likelier than the one at hand, as scipy counts. */
export function fisherExact(k: number, urn: Urn): number {
  const { population, successes, draws } = urn;
  // Equal probabilities differ in their last digits; the margin is scipy's.
  const limit = logHypergeometric(k, urn) + 1e-7;
  const mode = Math.floor(((draws + 1) * (successes + 1)) / (population + 2));
  const upper = Math.min(draws, successes) + 1;
  const lower = Math.max(0, draws + successes - population) - 1;
  const right = firstBelow(mode, upper, (x) => logHypergeometric(x, urn) <= limit);
  const left = firstBelow(mode, lower, (x) => logHypergeometric(x, urn) <= limit);
  if (right === mode || left === mode) return 1;
  const mirrored = { population, successes: population - successes, draws };
  return Math.min(
    1,
    Math.exp(logHypergeometricTail(right, urn)) + Math.exp(logHypergeometricTail(draws - left, mirrored)),
  );
}

/** The first place from `from` towards `to` where `isBelow`, which stays so from there on; `to` where there is none. */
function firstBelow(from: number, to: number, isBelow: (x: number) => boolean): number {
  const direction = to > from ? 1 : -1;
  let low = 0;
  let high = Math.abs(to - from);
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBelow(from + direction * middle)) high = middle;
    else low = middle + 1;
  }
  return from + direction * low;
}

/** Log probability that a standard normal variable is above `z`. */
export function logNormalTail(z: number): number {
  if (Number.isNaN(z)) return z;
  if (z < 0) return Math.log1p(-Math.exp(logNormalTail(-z)));
  const logDensity = -0.5 * z * z - halfLogTwoPi;
  if (z < 2.5) {
    let term = z;
    let sum = z;
    for (let i = 3; term > sum * 1e-17; i += 2) {
      term *= (z * z) / i;
      sum += term;
    }
    return Math.log(0.5 - Math.exp(logDensity) * sum);
  }
  // Laplace's continued fraction; a hundred terms are exact to the last digit from 2.5 on.
  let fraction = z;
  for (let i = 100; i >= 1; i -= 1) fraction = z + i / fraction;
  return logDensity - Math.log(fraction);
}

/** Probability that a standard normal variable is above `z`. */
export const normalTail = (z: number): number => Math.exp(logNormalTail(z));

/** The z below which a standard normal variable lies with probability `share`. */
export function normalQuantile(share: number): number {
  if (!(share > 0 && share < 1)) return share === 0 ? -Infinity : share === 1 ? Infinity : Number.NaN;
  if (share > 0.5) return -normalQuantile(1 - share);
  // The logarithm of the tail is concave, so Newton's steps come down to the root from one side and never leave it.
  const target = Math.log(share);
  let z = 0;
  for (let i = 0; i < 60; i += 1) {
    const tail = logNormalTail(z);
    const step = (tail - target) * Math.exp(tail + 0.5 * z * z + halfLogTwoPi);
    z += step;
    if (Math.abs(step) <= 1e-15 * z) break;
  }
  return -z;
}
