import type { Measure, SumRows, Weights } from "../metric.ts";

/** The sum over `n` examples, each as often as its weight says. */
export function weightedSum(rows: SumRows, n: number, weights: Weights | null): Float64Array {
  const sum = new Float64Array(rows.width);
  for (let example = 0; example < n; example += 1) {
    const weight = weights === null ? 1 : (weights[example] ?? 0);
    if (weight !== 0) rows.add(example, weight, sum, 0);
  }
  return sum;
}

/** Rows that stand one behind the other. */
const storedRows = (numbers: Float64Array, width: number): SumRows => ({
  width,
  add(example, weight, to, at) {
    const from = example * width;
    for (let column = 0; column < width; column += 1)
      to[at + column] = (to[at + column] ?? 0) + weight * (numbers[from + column] ?? 0);
  },
});

type Stated = Pick<Measure, "name" | "signature" | "better" | "n"> & Partial<Pick<Measure, "proportion" | "errors">>;

/** A measure that is a function of sums over the examples. */
export const measureOfSums = (
  stated: Stated,
  width: number,
  numbers: Float64Array,
  value: (sum: ArrayLike<number>) => number,
): Measure => {
  const rows = storedRows(numbers, width);
  const n = numbers.length / width;
  return {
    ...stated,
    proportion: stated.proportion ?? null,
    errors: stated.errors ?? null,
    sums: { rows, value },
    value: (weights) => value(weightedSum(rows, n, weights)),
  };
};

/**
 * The mean of one number per example, NaN where it does not count. `errorOf` turns the number into an error.
 */
export function measureOfMean(
  stated: Omit<Stated, "n" | "errors" | "proportion">,
  values: Float64Array,
  errorOf: (value: number) => number,
  scale = 1,
): Measure {
  const rows = new Float64Array(values.length * 2);
  let n = 0;
  let isShare = true;
  let successes = 0;
  values.forEach((value, index) => {
    if (Number.isNaN(value)) return;
    n += 1;
    if (value === 1) successes += 1;
    else if (value !== 0) isShare = false;
    rows[index * 2] = value;
    rows[index * 2 + 1] = 1;
  });
  return measureOfSums(
    {
      ...stated,
      n,
      proportion: isShare && scale === 1 && n > 0 ? { successes, n } : null,
      errors: values.map(errorOf),
    },
    2,
    rows,
    (sum) => (scale * (sum[0] ?? 0)) / (sum[1] ?? 0),
  );
}
