import type { Power } from "../../model/comparison.ts";

/** z of a two-sided test at 5 % plus z of a power of 80 %: 1.9600 + 0.8416. */
const zs = 2.8016;

/** From the spread of the paired differences of `count` independent units. */
export function powerOf(metric: string, differences: Float64Array, sizes: readonly number[]): Power | null {
  const counted = differences.filter((value) => !Number.isNaN(value));
  const n = counted.length;
  if (n < 10) return null;
  const mean = counted.reduce((sum, value) => sum + value, 0) / n;
  const deviation = Math.sqrt(counted.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1));
  if (deviation === 0) return null;
  return {
    metric,
    examples: n,
    visible: (zs * deviation) / Math.sqrt(n),
    needed: sizes.map((difference) => ({ difference, examples: Math.ceil(((zs * deviation) / difference) ** 2) })),
  };
}
