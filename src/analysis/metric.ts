import type { Example, Task } from "../model/example.ts";

/** How often each example is drawn: once each in a plain evaluation, 0 or more in a resample, 0 or 1 in a slice. */
export type Weights = ArrayLike<number>;

export interface MetricOptions {
  /** BLEU's tokenizer. */
  readonly tokenize: "13a" | "zh" | "char" | "intl" | "none";
  /** BLEU's, for orders without a match. */
  readonly smoothing: "exp" | "floor" | "add-k" | "none";
  readonly lowercase: boolean;
  /** The positive class of binary metrics; null: the rarer label, or the one that looks positive (1, true, yes). */
  readonly positive: string | null;
}

export const defaultMetricOptions: MetricOptions = {
  tokenize: "13a",
  smoothing: "exp",
  lowercase: false,
  positive: null,
};

/** The `width` numbers of each example that are added up. */
export interface SumRows {
  readonly width: number;
  /** Adds those of an example, as often as `weight` says, to the numbers of `to` from `at` on. */
  add(example: number, weight: number, to: Float64Array, at: number): void;
}

/**
 * One number of a metric over a list of examples. Either `sums` or `value` is what it is computed from: metrics of a
 * corpus (BLEU, F1) are functions of sums over examples and never means of their values per example.
 */
export interface Measure {
  /** Published name: `bleu`, `f1_macro`. */
  readonly name: string;
  readonly signature: string;
  readonly better: "higher" | "lower";
  /** Examples that count towards it. */
  readonly n: number;
  /** Over a resample or a part. NaN where it is not defined there. */
  value(weights: Weights | null): number;
  /** Where it is a function of sums over examples. Measures of the same `rows` are resampled together. */
  readonly sums: {
    readonly rows: SumRows;
    value(sum: ArrayLike<number>): number;
  } | null;
  /** Share of examples: how many count and how many succeed, for an exact interval. */
  readonly proportion: { readonly successes: number; readonly n: number } | null;
  /**
   * How wrong each example is, 0 where nothing is (1 for a wrong label, 1 - F1 for an answer, absolute error for a
   * number); NaN where it does not count. Null where the metric has no value per example.
   */
  readonly errors: Float64Array | null;
}

/** What is missing in the examples, in the user's words: "references", "scores (probability of each class)". */
export interface NotMeasurable {
  readonly missing: readonly string[];
}

/**
 * One file. A metric may yield several numbers (`precision_macro`, `precision_micro`); `names` lists them all, also for
 * examples for which it yields fewer.
 */
export interface Metric {
  /** kebab-case, also the file's name. */
  readonly id: string;
  readonly title: string;
  readonly names: readonly string[];
  readonly tasks: readonly Task[];
  /** Inclusive; infinite where there is no bound. */
  readonly range: readonly [number, number];
  /** Where its definition comes from: the reference implementation that tests compare it with. */
  readonly source: string;
  measure(examples: readonly Example[], task: Task, options: MetricOptions): readonly Measure[] | NotMeasurable;
}

export const defineMetric = (metric: Metric): Metric => metric;
