/**
 * Recorded with scipy 1.17.1: `norm.logsf(z)`, `norm.ppf(p)`, `fisher_exact([[a, b], [c, d]])[1]`, `gammaln(x)`. Binomial and
 * hypergeometric tails by summing exact terms with mpmath 1.3.0 at 40 digits, since scipy's `hypergeom.logsf(k - 1, N, K, n)`
 * is right to ten digits only and its `binom.logsf(k - 1, n, p)` says -inf for the last binomial row.
 */
import { expect, test } from "vitest";
import {
  fisherExact,
  logBinomial,
  logBinomialTail,
  logGamma,
  logHypergeometric,
  logHypergeometricTail,
  logNormalTail,
  normalQuantile,
  normalTail,
} from "./tails.ts";

const expectClose = (actual: number, expected: number): void =>
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(1e-12 * Math.max(1e-3, Math.abs(expected)));

test.each([
  [5, 10, 0.5, -0.4731335222546632],
  [60, 100, 0.5, -3.559819203446907],
  [990, 1000, 0.5, -639.2090519107085],
  [101, 160, 0.5, -7.484983207443709],
  [300, 1000, 0.12, -117.91049274714082],
  [2000, 1_000_000, 0.001, -390.82230698579747],
  [120_000, 1_000_000, 0.1, -2107.4901324406164],
])("at least %d of %d at %d", (k, n, share, expected) => expectClose(logBinomialTail(k, n, share), expected));

test.each([
  [3, { population: 20, successes: 7, draws: 12 }, -0.05352270723558589],
  [25, { population: 10_000, successes: 500, draws: 250 }, -7.225775900274455],
  [100, { population: 5000, successes: 600, draws: 300 }, -53.57744789264792],
  [4000, { population: 32_561, successes: 4816, draws: 9000 }, -3920.445480944154],
  [600, { population: 1_000_000, successes: 150_000, draws: 1000 }, -534.5968490690319],
  [100, { population: 200, successes: 100, draws: 100 }, -135.7532360812785],
  [1, { population: 5000, successes: 250, draws: 50 }, -0.07899177394140708],
])("at least %d from an urn, %o", (k, urn, expected) => expectClose(logHypergeometricTail(k, urn), expected));

test.each([
  [[3, 1, 1, 3], 0.48571428571428565] as const,
  [[8, 2, 1, 5], 0.034965034965034975] as const,
  [[101, 871, 59, 841], 0.0036730323194836857] as const,
  [[25, 225, 475, 9275], 0.000967864706499881] as const,
  [[12, 238, 488, 9262], 1] as const,
  [[0, 10, 10, 0], 1.082508822446903e-5] as const,
  [[500, 500, 100, 900], 5.12502851252754e-90] as const,
])("Fisher's test of %o", ([a, b, c, d], expected) => {
  const p = fisherExact(a, { population: a + b + c + d, successes: a + c, draws: a + b });
  expect(Math.abs(p / expected - 1)).toBeLessThan(1e-9);
});

test.each([
  [-8, -6.220960574271742e-16],
  [-1, -0.1727537790234499],
  [0, -0.6931471805599453],
  [0.5, -1.1759117615936188],
  [1.96, -3.6889636517296385],
  [2.499, -5.0788259879869795],
  [2.5, -5.081648277278691],
  [5, -15.064998393988727],
  [10, -53.23128515051248],
  [38, -726.5572160188201],
  [100, -5005.524208694205],
])("above %d", (z, expected) => expectClose(logNormalTail(z), expected));

test.each([
  [1e-300, -37.0470962993612],
  [1e-10, -6.361340902404056],
  [0.025, -1.9599639845400545],
  [0.3, -0.5244005127080409],
  [0.5, 0],
  [0.8, 0.8416212335729143],
  [0.975, 1.959963984540054],
  [0.999999, 4.753424308817087],
])("quantile %d", (share, expected) => {
  expect(normalQuantile(share)).toBeCloseTo(expected, 9);
  if (share > 1e-200) expect(normalTail(-normalQuantile(share))).toBeCloseTo(share, 12);
});

test.each([
  [0.1, 2.252712651734206],
  [1.5, -0.12078223763524526],
  [10, 12.801827480081469],
  [1000, 5905.220423209181],
  [1e6, 12815504.569147611],
])("log of gamma of %d", (x, expected) => expectClose(logGamma(x), expected));

test("point probabilities add up to 1, and to the tail", () => {
  const urn = { population: 60, successes: 22, draws: 17 };
  const points = Array.from({ length: 18 }, (_, k) => Math.exp(logHypergeometric(k, urn)));
  expect(points.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 12);
  for (let k = 0; k <= 17; k += 1)
    expect(Math.exp(logHypergeometricTail(k, urn))).toBeCloseTo(
      points.slice(k).reduce((sum, p) => sum + p, 0),
      12,
    );
  const binomial = Array.from({ length: 31 }, (_, k) => Math.exp(logBinomial(k, 30, 0.37)));
  expect(binomial.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 12);
});

test("what cannot be and what must be", () => {
  const urn = { population: 10, successes: 8, draws: 5 };
  expect([logBinomialTail(0, 10, 0.5), logHypergeometricTail(3, urn), logBinomialTail(4, 9, 1)]).toEqual([0, 0, 0]);
  expect([logBinomialTail(11, 10, 0.5), logHypergeometricTail(6, urn), logBinomialTail(1, 9, 0)]).toEqual(
    Array.from({ length: 3 }, () => Number.NEGATIVE_INFINITY),
  );
  expect([normalQuantile(0), normalQuantile(1), normalQuantile(2)]).toEqual([-Infinity, Infinity, Number.NaN]);
});
