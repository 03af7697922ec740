import type { Example, Task } from "../model/example.ts";

/** One value for each example: numbers (NaN: none), or categories (null: none). */
export type AttributeValues =
  | { readonly kind: "number"; readonly values: Float64Array }
  | { readonly kind: "category"; readonly values: readonly (string | null)[] };

/**
 * Something about an example that can be told without a model, by which slices are formed. One file each; a family of
 * closely related ones (`input-length`: characters, words, sentences) may answer several under names of their own.
 */
export interface Attribute {
  /** kebab-case, also the file's name. */
  readonly id: string;
  /** What it looks at: a slice by the output names a symptom, one by the input a kind of question. */
  readonly of: "input" | "output" | "reference" | "scores";
  readonly tasks: readonly Task[];
  /** Name in the user's words ("input length in words") to values; empty where the examples hold no data for it. */
  read(examples: readonly Example[], context: AttributeContext): ReadonlyMap<string, AttributeValues>;
}

/** What is known besides the examples. */
export interface AttributeContext {
  readonly task: Task;
  /** How often each word occurs in the training texts, where they are given; null otherwise. */
  readonly trainingWords: ReadonlyMap<string, number> | null;
}

export const defineAttribute = (attribute: Attribute): Attribute => attribute;
