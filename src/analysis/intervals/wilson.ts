/** Two-sided 95 % quantile of the normal distribution. */
const z95 = 1.959963984540054;

/** Wilson's score interval (1927) of a share; holds its level also near 0 and 1 and for few examples. */
export function wilson(successes: number, n: number): readonly [low: number, high: number] {
  const share = successes / n;
  const spread = z95 * Math.sqrt((share * (1 - share)) / n + (z95 * z95) / (4 * n * n));
  const middle = share + (z95 * z95) / (2 * n);
  const scale = 1 + (z95 * z95) / n;
  return [Math.max(0, (middle - spread) / scale), Math.min(1, (middle + spread) / scale)];
}
