import { z } from "zod";
import type { Scalar } from "./config.ts";
import { WireNumber } from "./number.ts";

/** What kind of model output is judged. Published: the command line and `llmdbg.evaluation/1` name these. */
export const Task = z.enum([
  "classification",
  "multilabel",
  "regression",
  "translation",
  "summarization",
  "question-answering",
  "generation",
  "language-modeling",
  "speech",
  "detection",
  "temporal-detection",
  "ranking",
]);
export type Task = z.infer<typeof Task>;

/**
 * One evaluated input, as every reader of predictions gives it. Numbers that are no label stay text here (`"3"`): whether
 * a prediction is a class or a quantity is decided by the task, never by one row.
 */
export interface Example {
  readonly id: string;
  /** What the model was given; null where the file does not say. */
  readonly input: string | null;
  /** What the model answered: one text or label, or a set of labels (`multilabel`); null where it is missing. */
  readonly prediction: string | readonly string[] | null;
  /** Right answers, any of which will do (`multilabel`: the set of right labels). Empty where none is given. */
  readonly references: readonly string[];
  /** Probability or score of each class by its label; of the positive class under "" where only one number is given. */
  readonly scores: ReadonlyMap<string, number> | null;
  /** Natural-log probabilities of the tokens of what is predicted or scored. */
  readonly logProbs: readonly number[] | null;
  /** Of several samples of one problem: how many there are and how many passed (`pass@k`). */
  readonly samples: { readonly count: number; readonly passed: number } | null;
  /** Milliseconds that the answer took. */
  readonly latencyMs: number | null;
  readonly outputTokens: number | null;
  /** Examples that are not independent: of one document, one user. */
  readonly group: string | null;
  /** The user's own columns. */
  readonly attributes: ReadonlyMap<string, Scalar>;
  /** Line of the file, from 1; 0 where the source has no lines. */
  readonly line: number;
}

const Text = z.string().max(1_000_000);

/**
 * An example with what was made of it, as it is stored and shown. `attributes` are those that slices are formed of: the
 * user's own columns and the computed ones, each as a category or the text of a range.
 */
export const JudgedExample = z.object({
  id: z.string().max(1024),
  line: z.number().int().min(0),
  input: Text.nullable(),
  prediction: z.union([Text, z.array(Text).max(10_000)]).nullable(),
  references: z.array(Text).max(10_000),
  /** How wrong it is by the metric that measures errors, 0 where nothing is; null where it does not count. */
  error: WireNumber.nullable(),
  attributes: z.record(z.string().max(256), z.string().max(1024)),
  /** Natural-log probabilities of the tokens. */
  logProbs: z.array(WireNumber).max(100_000).optional(),
});
export type JudgedExample = z.infer<typeof JudgedExample>;
