import type { Example } from "../../model/example.ts";
import type { NotMeasurable } from "../metric.ts";
import { positiveLabel, rightLabel, sortedLabels } from "./labels.ts";

/** The scores that a model gave to each class, of the examples that have scores and a right label. */
export interface ClassScores {
  /** In the order of code points, as the columns of scikit-learn. */
  readonly labels: readonly string[];
  /** Of two classes the positive one; null where there are more. */
  readonly positive: string | null;
  /** Right label of each example; null where it does not count. */
  readonly truth: readonly (string | null)[];
  readonly n: number;
  score(example: number, label: string): number;
}

/** The name under which a file that has one number for each example gives it: the score of the positive class. */
const onlyScore = "";

export function classScores(examples: readonly Example[], wanted: string | null): ClassScores | NotMeasurable {
  const counts = new Map<string, number>();
  const named = new Set<string>();
  const truth = examples.map((example) => {
    const right = rightLabel(example);
    if (right === null || example.scores === null || example.scores.size === 0) return null;
    for (const score of example.scores.values()) if (Number.isNaN(score)) return null;
    for (const label of example.scores.keys()) if (label !== onlyScore) named.add(label);
    counts.set(right, (counts.get(right) ?? 0) + 1);
    return right;
  });
  const n = truth.filter((right) => right !== null).length;
  if (n === 0) return { missing: missingOf(examples) };
  for (const label of named) counts.set(label, counts.get(label) ?? 0);
  // The other class of two may be known from predictions alone.
  if (named.size < 2)
    for (const { prediction } of examples)
      if (typeof prediction === "string") counts.set(prediction, counts.get(prediction) ?? 0);
  const labels = sortedLabels(counts.keys());
  if (labels.length > 2)
    return named.size < 2 ? { missing: ["scores (of each class)"] } : ofMany({ examples, labels, truth, n });
  const only = named.size === 1 ? [...named] : [];
  const positive = wanted ?? only[0] ?? positiveLabel(counts, null);
  return ofTwo({ examples, labels, truth, n }, positive ?? onlyScore);
}

type Given = Pick<ClassScores, "labels" | "truth" | "n"> & { readonly examples: readonly Example[] };

function ofMany({ examples, ...given }: Given): ClassScores {
  return { ...given, positive: null, score: (example, label) => examples[example]?.scores?.get(label) ?? 0 };
}

function ofTwo({ examples, ...given }: Given, positive: string): ClassScores {
  const negative = given.labels.find((label) => label !== positive);
  return {
    ...given,
    labels: negative === undefined ? [positive] : given.labels,
    positive,
    score(example, label) {
      const scores = examples[example]?.scores;
      const own = (name: string | undefined): number | undefined =>
        name === undefined
          ? undefined
          : (scores?.get(name) ?? (name === positive ? scores?.get(onlyScore) : undefined));
      return own(label) ?? 1 - (own(label === positive ? negative : positive) ?? Number.NaN);
    },
  };
}

const missingOf = (examples: readonly Example[]): readonly string[] => [
  ...(examples.some(({ references }) => references.length > 0) ? [] : ["references"]),
  ...(examples.some(({ scores }) => scores !== null && scores.size > 0) ? [] : ["scores (of each class)"]),
];

/** Half of the last digit of probabilities that were written with two decimals, the coarsest that are still of use. */
const rounding = 0.005;

/** The same, where the scores are probabilities: from 0 to 1, of all classes together 1. */
export function classProbabilities(examples: readonly Example[], wanted: string | null): ClassScores | NotMeasurable {
  const scores = classScores(examples, wanted);
  if ("missing" in scores) return scores;
  const { labels, positive, truth } = scores;
  const isProbable = (index: number): boolean => {
    if (positive !== null) {
      const score = scores.score(index, positive);
      return score >= 0 && score <= 1;
    }
    let sum = 0;
    for (const label of labels) {
      const score = scores.score(index, label);
      if (score < 0 || score > 1) return false;
      sum += score;
    }
    return Math.abs(sum - 1) <= rounding * labels.length;
  };
  const areProbable = truth.every((right, index) => right === null || isProbable(index));
  return areProbable ? scores : { missing: ["scores that are probabilities (from 0 to 1, of all classes together 1)"] };
}
