import { absoluteErrors, quantities } from "../measures/quantities.ts";
import { measureOfSums } from "../measures/sums.ts";
import { defineMetric } from "../metric.ts";

/** Below this share of the sum of squares a spread is the rounding of its difference: float64 holds 16 digits. */
const rounding = 1e-14;

export const r2 = defineMetric({
  id: "r2",
  title: "Coefficient of determination",
  names: ["r2"],
  tasks: ["regression"],
  range: [-Infinity, 1],
  source: "scikit-learn r2_score",
  measure(examples) {
    const numbers = quantities(examples);
    if ("missing" in numbers) return numbers;
    const { truth, predicted, n } = numbers;
    const present = truth.filter((right) => !Number.isNaN(right));
    const isConstant = present.every((right) => right === present[0]);
    // Squares of differences from the middle: of the numbers themselves they would lose their digits.
    const middle = isConstant ? (present[0] ?? 0) : present.reduce((sum, right) => sum + right, 0) / n;
    const rows = new Float64Array(truth.length * 4);
    truth.forEach((right, index) => {
      if (Number.isNaN(right)) return;
      const fromMiddle = right - middle;
      rows.set([1, fromMiddle, fromMiddle ** 2, (right - (predicted[index] ?? 0)) ** 2], index * 4);
    });
    const value = (sum: ArrayLike<number>): number => {
      const [count, total, squares, residual] = [sum[0] ?? 0, sum[1] ?? 0, sum[2] ?? 0, sum[3] ?? 0];
      if (count < 2) return Number.NaN;
      const spread = squares - total ** 2 / count;
      if (spread <= rounding * squares) return residual === 0 ? 1 : 0;
      return 1 - residual / spread;
    };
    const errors = absoluteErrors(numbers);
    const signature = "r2|constant truth:0|missing:left out";
    return [measureOfSums({ name: "r2", signature, better: "higher", n, errors }, 4, rows, value)];
  },
});
