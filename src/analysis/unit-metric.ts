import type { Task } from "../model/example.ts";
import type { Unit, Units } from "../model/unit.ts";
import type { Measure, NotMeasurable } from "./metric.ts";

export interface UnitMetricOptions {
  /** How much of a ranked list is looked at. */
  readonly k: number;
}

export const defaultUnitMetricOptions: UnitMetricOptions = { k: 10 };

/**
 * A metric over queries, images or videos. Its measures are those of `Metric`: weights, errors and rows of sums go by
 * unit, in the order of `units`.
 */
export interface UnitMetric<Data extends Units<Unit>> {
  /** kebab-case, also the file's name. */
  readonly id: string;
  readonly title: string;
  /** With `@k` for the k of the options. */
  readonly names: readonly string[];
  readonly task: Task;
  /** Inclusive; infinite where there is no bound. */
  readonly range: readonly [number, number];
  readonly source: string;
  measure(data: Data, options: UnitMetricOptions): readonly Measure[] | NotMeasurable;
}
