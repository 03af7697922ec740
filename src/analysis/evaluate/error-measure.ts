import type { Task } from "../../model/example.ts";
import type { Measure } from "../metric.ts";

/**
 * Whose error per example says best where a model fails, by task and in this order: those that tell a little wrong from
 * wholly wrong come before exact ones where answers are texts.
 */
const preferred: Readonly<Record<Task, readonly string[]>> = {
  classification: ["accuracy"],
  multilabel: ["f1_samples", "accuracy"],
  regression: ["mae", "rmse"],
  translation: ["chrf", "ter", "bleu"],
  summarization: ["rougeL", "rougeLsum", "rouge1"],
  "question-answering": ["token_f1", "exact_match"],
  generation: ["exact_match", "rougeL", "chrf"],
  "language-modeling": ["perplexity", "bits_per_byte"],
  speech: ["wer", "cer"],
  detection: ["AP50", "AP"],
  "temporal-detection": ["temporal_map"],
  ranking: ["ndcg@10", "recall@10"],
};

/** The measure that slices explain; null where none has a value per example. */
export function errorMeasure(task: Task, measures: readonly Measure[]): Measure | null {
  const usable = measures.filter(({ errors }) => errors !== null);
  for (const name of preferred[task]) {
    const found = usable.find((measure) => measure.name === name);
    if (found !== undefined) return found;
  }
  return usable[0] ?? null;
}
