import { z } from "zod";
import { Scalar } from "./config.ts";
import { Task } from "./example.ts";
import { Advice, Severity } from "./finding.ts";
import { WireNumber } from "./number.ts";

/** A metric with its interval at `level`. `n`: examples that count towards it. */
export const MetricValue = z.object({
  name: z.string(),
  value: WireNumber,
  low: WireNumber.nullable(),
  high: WireNumber.nullable(),
  level: z.number(),
  n: z.number(),
  /** How exactly it was computed, in the reference implementation's own notation where it has one. */
  signature: z.string(),
  better: z.enum(["higher", "lower"]),
});
export type MetricValue = z.infer<typeof MetricValue>;

/** What is wrong with the data themselves; said before any slice, since it would be blamed on the model. */
export const DataFault = z.object({
  id: z.string(),
  severity: Severity,
  title: z.string(),
  message: z.string(),
  count: z.number(),
  /** Up to ten, with where to look. */
  examples: z.array(z.object({ id: z.string(), line: z.number(), note: z.string() })),
  /** What to do about it. */
  advice: z.string(),
});
export type DataFault = z.infer<typeof DataFault>;

/** One condition of a slice; `value` is a category or the text of a range, "12 to 30". */
export const Condition = z.object({ attribute: z.string(), value: Scalar });
export type Condition = z.infer<typeof Condition>;

/**
 * Examples that share attributes and on which the model is worse. Found on one half of the examples and measured on the
 * other (`p`, `q`, `difference` and its interval), so that chance does not pass for a finding.
 */
export const Slice = z.object({
  where: z.array(Condition),
  /** Examples of the slice, in both halves. */
  n: z.number(),
  /** Mean error there and on all others, on the confirming half. */
  error: WireNumber,
  baseline: WireNumber,
  difference: WireNumber,
  low: WireNumber,
  high: WireNumber,
  p: z.number(),
  q: z.number(),
  /** Share of its examples that an earlier slice of the list holds. */
  overlap: z.number(),
  /** Share of all error that lies in it. */
  coverage: z.number(),
  /** Worst first, at most ten. */
  examples: z.array(z.string()),
});
export type Slice = z.infer<typeof Slice>;

export const ErrorGroup = z.object({
  /** `empty`, `cut-short`, `wrong-script`, or "cat taken for dog". */
  id: z.string(),
  title: z.string(),
  count: z.number(),
  examples: z.array(z.string()),
});
export type ErrorGroup = z.infer<typeof ErrorGroup>;

/** What the predictions were read from, and as what, so that a wrong reading is seen before its results are believed. */
export const ReadPredictions = z.object({
  path: z.string(),
  /** "JSON lines", "CSV", "samples of lm-evaluation-harness". */
  form: z.string(),
  rows: z.number(),
  /** Which field was taken for what: "prediction" from "model_output". */
  fields: z.array(z.object({ role: z.string(), name: z.string() })),
  /** Rows that could not be read, the first ten of them with the reason. */
  rejected: z.object({
    count: z.number(),
    examples: z.array(z.object({ line: z.number(), reason: z.string() })),
  }),
  /** Why the task is what it is: "given", or what in the data says so. */
  taskFrom: z.string(),
});
export type ReadPredictions = z.infer<typeof ReadPredictions>;

/** What `llmdbg evaluate --json` prints. Published as docs/schemas/evaluation-1.json. */
export const Evaluation = z.object({
  schema: z.literal("llmdbg.evaluation/1"),
  task: Task,
  n: z.number(),
  /** Null for examples that came over the network. */
  read: ReadPredictions.nullable(),
  metrics: z.array(MetricValue),
  /** The metric whose error per example the slices explain. */
  errors: z.object({
    measuredBy: z.string(),
    count: z.number(),
    groups: z.array(ErrorGroup),
    /** Worst first, at most ten. */
    worst: z.array(z.string()).optional(),
  }),
  dataFaults: z.array(DataFault),
  slices: z.array(Slice),
  /** How the slices were searched, so that their number can be judged. */
  search: z
    .object({
      attributes: z.number(),
      candidates: z.number(),
      depth: z.number(),
      discovered: z.number(),
      confirmed: z.number(),
      /** With so many examples a slice of a tenth of them shows from this difference on (power 80 %). */
      visibleDifference: z.number().nullable(),
    })
    .nullable(),
  advice: z.array(Advice),
  notApplicable: z.array(z.object({ metric: z.string(), missing: z.array(z.string()) })),
});
export type Evaluation = z.infer<typeof Evaluation>;
