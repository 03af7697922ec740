import { absoluteErrors, quantities } from "../measures/quantities.ts";
import { measureOfSums } from "../measures/sums.ts";
import { defineMetric } from "../metric.ts";

export const rmse = defineMetric({
  id: "rmse",
  title: "Root mean squared error",
  names: ["rmse"],
  tasks: ["regression"],
  range: [0, Infinity],
  source: "scikit-learn root_mean_squared_error",
  measure(examples) {
    const numbers = quantities(examples);
    if ("missing" in numbers) return numbers;
    const errors = absoluteErrors(numbers);
    const rows = new Float64Array(errors.length * 2);
    errors.forEach((error, index) => {
      if (!Number.isNaN(error)) rows.set([error ** 2, 1], index * 2);
    });
    return [
      measureOfSums(
        { name: "rmse", signature: "rmse|missing:left out", better: "lower", n: numbers.n, errors },
        2,
        rows,
        (sum) => Math.sqrt((sum[0] ?? 0) / (sum[1] ?? 0)),
      ),
    ];
  },
});
