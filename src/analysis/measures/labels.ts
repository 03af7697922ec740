import { compareCodePoints } from "../../base/code-points.ts";
import type { Example } from "../../model/example.ts";

export const sortedLabels = (labels: Iterable<string>): readonly string[] =>
  [...new Set(labels)].toSorted(compareCodePoints);

/** The one label that was predicted; null where there is none or several. */
export function predictedLabel({ prediction }: Example): string | null {
  if (prediction === null || typeof prediction === "string") return prediction;
  return prediction.length === 1 ? (prediction[0] ?? null) : null;
}

/** The right label: of several that will do the one that was predicted, otherwise the first; null where none is given. */
export function rightLabel(example: Example): string | null {
  const predicted = predictedLabel(example);
  return predicted !== null && example.references.includes(predicted) ? predicted : (example.references[0] ?? null);
}

const looksPositive = /^(?:1|1\.0|\+1|true|yes|y|positive|pos)$/i;
const looksNegative = /^(?:0|0\.0|-1|false|no|n|negative|neg)$/i;

/**
 * The positive class of two: the one asked for, the one that looks positive, otherwise the rarer, of equal ones the
 * later. Null where there are more classes, none of them asked for, and where the one asked for does not occur.
 */
export function positiveLabel(counts: ReadonlyMap<string, number>, wanted: string | null): string | null {
  if (wanted !== null) return counts.has(wanted) ? wanted : null;
  const labels = sortedLabels(counts.keys());
  if (labels.length > 2) return null;
  const positive = labels.filter((label) => looksPositive.test(label));
  if (positive.length === 1) return positive[0] ?? null;
  const rest = labels.filter((label) => !looksNegative.test(label));
  if (rest.length === 1) return rest[0] ?? null;
  const [first, second] = labels;
  if (first === undefined || second === undefined) return null;
  return (counts.get(first) ?? 0) < (counts.get(second) ?? 0) ? first : second;
}
