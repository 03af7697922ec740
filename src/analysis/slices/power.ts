import { normalQuantile } from "../../base/tails.ts";

/** How errors spread where nothing is different: a share of wrong answers, or the standard deviation of real errors. */
export type Spread = { readonly share: number } | { readonly deviation: number };

interface Test {
  /** Probability of a false alarm, two-sided. */
  readonly alpha: number;
  readonly power: number;
}

const usualTest: Test = { alpha: 0.05, power: 0.8 };

/** How many examples a slice needs for a difference to show: a test of its mean against that of the rest, which is known. */
export function rowsNeeded(spread: Spread, difference: number, { alpha, power }: Test = usualTest): number {
  return Math.ceil(exactRows(spread, difference, { alpha, power }));
}

function exactRows(spread: Spread, difference: number, { alpha, power }: Test): number {
  const [high, low] = [normalQuantile(1 - alpha / 2), normalQuantile(power)];
  const deviationAt = (share: number): number => Math.sqrt(Math.max(0, share * (1 - share)));
  const width =
    "share" in spread
      ? high * deviationAt(spread.share) + low * deviationAt(Math.min(1, spread.share + difference))
      : (high + low) * spread.deviation;
  return (width / difference) ** 2;
}

/** From which difference on a slice of so many examples shows; null where even the greatest would not. */
export function visibleDifference(spread: Spread, rows: number, test: Test = usualTest): number | null {
  if (rows < 1) return null;
  if ("deviation" in spread)
    return exactRows(spread, 1, test) === 0 ? null : Math.sqrt(exactRows(spread, 1, test) / rows);
  let [low, high] = [0, 1 - spread.share];
  if (high <= 0 || exactRows(spread, high, test) > rows) return null;
  for (let i = 0; i < 60; i += 1) {
    const middle = (low + high) / 2;
    if (exactRows(spread, middle, test) > rows) low = middle;
    else high = middle;
  }
  return high;
}
