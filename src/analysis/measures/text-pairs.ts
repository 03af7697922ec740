import type { Example } from "../../model/example.ts";
import type { NotMeasurable } from "../metric.ts";

/** One example with something to compare. */
export interface TextPair {
  /** Its place among all examples. */
  readonly index: number;
  readonly hypothesis: string;
  readonly references: readonly string[];
}

export interface TextPairs {
  /** Examples that have a reference, in their order. A missing prediction is the empty text. */
  readonly pairs: readonly TextPair[];
  /** Predictions that are missing. */
  readonly missing: number;
  /** As sacreBLEU writes it: how many references an example has, `var` where that varies. */
  readonly nrefs: string;
}

/** Examples without a reference do not count. */
export function textPairs(examples: readonly Example[]): TextPairs | NotMeasurable {
  const pairs: TextPair[] = [];
  const counts = new Set<number>();
  let missing = 0;
  examples.forEach(({ prediction, references }, index) => {
    if (references.length === 0) return;
    if (prediction === null) missing += 1;
    counts.add(references.length);
    pairs.push({ index, hypothesis: textOf(prediction), references });
  });
  if (pairs.length === 0) return { missing: ["references"] };
  if (missing === pairs.length) return { missing: ["predictions"] };
  const [nrefs] = counts;
  return { pairs, missing, nrefs: counts.size === 1 && nrefs !== undefined ? String(nrefs) : "var" };
}

const textOf = (prediction: Example["prediction"]): string =>
  prediction === null ? "" : typeof prediction === "string" ? prediction : prediction.join(" ");

/** What a signature adds where predictions are missing; nothing where there is one for each example. */
export const missingPart = (missing: number): string => (missing === 0 ? "" : `|missing:${missing} as empty`);
