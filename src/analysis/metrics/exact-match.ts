import { defineMetric } from "../metric.ts";
import { measureOfAnswers } from "../measures/answers.ts";

export const exactMatch = defineMetric({
  id: "exact-match",
  title: "Exact match",
  names: ["exact_match"],
  tasks: ["question-answering", "generation"],
  range: [0, 1],
  source: "SQuAD evaluate-v2.0.py",
  measure: (examples) =>
    measureOfAnswers("exact_match", examples, (prediction, answer) =>
      prediction.length === answer.length && prediction.every((word, i) => word === answer[i]) ? 1 : 0,
    ),
});
