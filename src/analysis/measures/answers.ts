import type { Example } from "../../model/example.ts";
import type { Measure, NotMeasurable } from "../metric.ts";
import { bestAgreement } from "./squad.ts";
import { measureOfMean } from "./sums.ts";
import { textPairs } from "./text-pairs.ts";

/** The mean of a score of answers; an answer that is missing scores 0, also where nothing was to be said. */
export function measureOfAnswers(
  name: string,
  examples: readonly Example[],
  agreement: (prediction: readonly string[], answer: readonly string[]) => number,
): readonly Measure[] | NotMeasurable {
  const texts = textPairs(examples);
  if (!("pairs" in texts)) return texts;
  const values = new Float64Array(examples.length).fill(Number.NaN);
  for (const { index, hypothesis, references } of texts.pairs)
    values[index] = examples[index]?.prediction === null ? 0 : bestAgreement(hypothesis, references, agreement);
  const missing = texts.missing === 0 ? "" : `|missing:${texts.missing} as wrong`;
  const signature = `${name}|SQuAD v2.0|nrefs:${texts.nrefs}${missing}`;
  return [measureOfMean({ name, signature, better: "higher" }, values, (value) => 1 - value)];
}
