import type { Measure } from "../metric.ts";
import { bootstrap, type Units } from "./bootstrap.ts";
import { wilson } from "./wilson.ts";

export const level = 0.95;

/**
 * The 95 % interval of a measure: Wilson's for a share of independent examples, else the bootstrap's, over groups where
 * examples belong together. Null where there are too few examples for one.
 */
export function intervalOf(measure: Measure, units: Units, seed: number): readonly [low: number, high: number] | null {
  const { proportion } = measure;
  const isIndependent = units.count === units.of.length;
  if (proportion !== null && isIndependent)
    return proportion.n === 0 ? null : wilson(proportion.successes, proportion.n);
  return bootstrap(measure, units, seed);
}
