import { absoluteErrors, quantities } from "../measures/quantities.ts";
import { measureOfMean } from "../measures/sums.ts";
import { defineMetric } from "../metric.ts";

export const mae = defineMetric({
  id: "mae",
  title: "Mean absolute error",
  names: ["mae"],
  tasks: ["regression"],
  range: [0, Infinity],
  source: "scikit-learn mean_absolute_error",
  measure(examples) {
    const numbers = quantities(examples);
    if ("missing" in numbers) return numbers;
    const errors = absoluteErrors(numbers);
    const signature = "mae|missing:left out";
    const measure = measureOfMean({ name: "mae", signature, better: "lower" }, errors, (error) => error);
    // A mean of differences that happen to be 0 and 1 is no share of successes.
    return [{ ...measure, proportion: null }];
  },
});
