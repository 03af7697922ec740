import { defineMetric } from "../metric.ts";
import { measureOfAnswers } from "../measures/answers.ts";

export const tokenF1 = defineMetric({
  id: "token-f1",
  title: "Token F1",
  names: ["token_f1"],
  tasks: ["question-answering", "generation"],
  range: [0, 1],
  source: "SQuAD evaluate-v2.0.py",
  measure: (examples) => measureOfAnswers("token_f1", examples, f1),
});

function f1(prediction: readonly string[], answer: readonly string[]): number {
  if (prediction.length === 0 || answer.length === 0) return prediction.length === answer.length ? 1 : 0;
  const left = new Map<string, number>();
  for (const word of answer) left.set(word, (left.get(word) ?? 0) + 1);
  let common = 0;
  for (const word of prediction) {
    const count = left.get(word) ?? 0;
    if (count === 0) continue;
    left.set(word, count - 1);
    common += 1;
  }
  if (common === 0) return 0;
  const precision = common / prediction.length;
  const recall = common / answer.length;
  return (2 * precision * recall) / (precision + recall);
}
