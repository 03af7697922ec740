/** TIDE's average precision, as it is and with one kind of error mended, for any weights of the images. */
import type { Weights } from "../metric.ts";
import type { TideError, TideImage } from "./tide-errors.ts";

/** What is mended; besides the kinds of errors all false alarms, and all that is not found. */
export type Mended = TideError | "false_positives" | "false_negatives" | null;

interface Point {
  readonly score: number;
  readonly isRight: boolean;
  readonly weight: number;
}

/** Mean over the categories that occur, from 0 to 100. */
export function tidePrecision(images: readonly TideImage[], mended: Mended, weights: Weights | null): number {
  const points = new Map<string, Point[]>();
  const positives = new Map<string, number>();
  // TIDE puts right boxes behind the others of the same score when it mends, and leaves them in their place otherwise.
  for (const states of mended === null ? [null] : [["wrong", "ignored"], ["right"]])
    images.forEach((image, index) => {
      const weight = weights === null ? 1 : (weights[index] ?? 0);
      if (weight === 0) return;
      for (const point of image.points) {
        if (states !== null && !states.includes(point.state)) continue;
        const isMended = mended !== null && point.error === mended;
        const category = isMended ? point.mended : point.state === "ignored" ? null : point.category;
        if (category === null) continue;
        const isRight = isMended || point.state === "right";
        const score = mended === "false_positives" ? Number(isRight) : point.score;
        const list = points.get(category) ?? [];
        points.set(category, list);
        list.push({ score, isRight, weight });
      }
    });
  images.forEach(({ truths, notFound, missed }, index) => {
    const weight = weights === null ? 1 : (weights[index] ?? 0);
    const add = (categories: readonly string[], sign: number): void => {
      for (const category of categories) positives.set(category, (positives.get(category) ?? 0) + sign * weight);
    };
    add(truths, 1);
    if (mended === "miss") add(missed, -1);
    if (mended === "false_negatives") add(notFound, -1);
  });
  let sum = 0;
  let count = 0;
  for (const category of new Set([...points.keys(), ...positives.keys()])) {
    const own = points.get(category) ?? [];
    const total = positives.get(category) ?? 0;
    if (own.length === 0 && total === 0) continue;
    sum += precisionOf(own, total);
    count += 1;
  }
  return (100 * sum) / count;
}

function precisionOf(points: readonly Point[], total: number): number {
  if (total === 0) return 0;
  const precision: number[] = [];
  const recall: number[] = [];
  let hits = 0;
  let all = 0;
  for (const { isRight, weight } of points.toSorted((a, b) => b.score - a.score)) {
    all += weight;
    if (isRight) hits += weight;
    precision.push(hits / all);
    recall.push(hits / total);
  }
  for (let i = precision.length - 1; i > 0; i -= 1)
    precision[i - 1] = Math.max(precision[i - 1] ?? 0, precision[i] ?? 0);
  let sum = 0;
  let at = 0;
  for (let step = 0; step <= 100; step += 1) {
    while (at < recall.length && (recall[at] ?? 0) < step / 100) at += 1;
    sum += precision[at] ?? 0;
  }
  return sum / 101;
}
