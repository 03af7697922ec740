import type { Power } from "../../model/comparison.ts";
import { rowsNeeded, visibleDifference } from "../slices/power.ts";

/** From the spread of the paired differences of `count` independent units. */
export function powerOf(metric: string, differences: Float64Array, sizes: readonly number[]): Power | null {
  const counted = differences.filter((value) => !Number.isNaN(value));
  const n = counted.length;
  if (n < 10) return null;
  const mean = counted.reduce((sum, value) => sum + value, 0) / n;
  const deviation = Math.sqrt(counted.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1));
  const visible = visibleDifference({ deviation }, n);
  if (visible === null) return null;
  return {
    metric,
    examples: n,
    visible,
    needed: sizes.map((difference) => ({ difference, examples: rowsNeeded({ deviation }, difference) })),
  };
}
