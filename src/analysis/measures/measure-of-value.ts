import type { Measure } from "../metric.ts";

type Stated = Pick<Measure, "name" | "signature" | "better" | "n" | "value"> &
  Partial<Pick<Measure, "proportion" | "errors">>;

/** A measure that is computed anew from each set of weights. */
export const measureOfValue = (stated: Stated): Measure => ({
  ...stated,
  sums: null,
  proportion: stated.proportion ?? null,
  errors: stated.errors ?? null,
});
