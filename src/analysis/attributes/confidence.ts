import { defineAttribute } from "../attribute.ts";
import { numbers, present } from "../texts/values.ts";

/** Highest first. One number alone is that of the positive class. */
function ranked(scores: ReadonlyMap<string, number>): number[] {
  const only = scores.size === 1 ? scores.get("") : undefined;
  const values =
    only === undefined ? [...scores.values()] : only >= 0 && only <= 1 ? [only, 1 - only] : [Math.abs(only)];
  return values.toSorted((a, b) => b - a);
}

const margin = ([first, second]: readonly number[]): number | null =>
  first === undefined || second === undefined ? null : first - second;

export const confidence = defineAttribute({
  id: "confidence",
  of: "scores",
  tasks: [
    "classification",
    "multilabel",
    "question-answering",
    "generation",
    "translation",
    "summarization",
    "language-modeling",
  ],
  read: (examples) =>
    present(
      ["confidence", numbers(examples, ({ scores }) => (scores === null ? null : (ranked(scores)[0] ?? null)))],
      [
        "margin to the second class",
        numbers(examples, ({ scores }) => (scores === null ? null : margin(ranked(scores)))),
      ],
      [
        "mean probability of a token",
        numbers(examples, ({ logProbs }) =>
          logProbs === null || logProbs.length === 0
            ? null
            : Math.exp(logProbs.reduce((sum, own) => sum + own, 0) / logProbs.length),
        ),
      ],
    ),
});
