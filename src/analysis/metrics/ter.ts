import { defineMetric } from "../metric.ts";
import { measureOfSums } from "../measures/sums.ts";
import { missingPart, textPairs } from "../measures/text-pairs.ts";
import { translationEdits } from "../measures/translation-edits.ts";
import { wordNumbers } from "../measures/vocabulary.ts";
import { splitWords } from "../measures/white-space.ts";

/** Of an example: 1, edits, mean length of its references. */
const width = 3;

export const ter = defineMetric({
  id: "ter",
  title: "Translation edit rate",
  names: ["ter"],
  tasks: ["translation"],
  range: [0, Number.POSITIVE_INFINITY],
  source: "sacrebleu 2.6.0 TER",
  measure(examples) {
    const texts = textPairs(examples);
    if (!("pairs" in texts)) return texts;
    const numbers = wordNumbers();
    const split = (text: string): Int32Array => numbers(splitWords(text.toLowerCase()));
    const rows = new Float64Array(examples.length * width);
    const errors = new Float64Array(examples.length).fill(Number.NaN);
    for (const { index, hypothesis, references } of texts.pairs) {
      const own = split(hypothesis);
      let edits = Number.POSITIVE_INFINITY;
      let length = 0;
      for (const reference of references.map(split)) {
        edits = Math.min(edits, translationEdits(own, reference));
        length += reference.length;
      }
      length /= references.length;
      rows.set([1, edits, length], index * width);
      errors[index] = rateOf(edits, length);
    }
    const signature =
      `TER|nrefs:${texts.nrefs}|case:lc|tok:tercom|norm:no|punct:yes|asian:no` +
      `|version:2.6.0${missingPart(texts.missing)}`;
    const stated = { name: "ter", signature, better: "lower", n: texts.pairs.length, errors } as const;
    return [
      measureOfSums(stated, width, rows, (sum) => (sum[0] === 0 ? Number.NaN : 100 * rateOf(sum[1] ?? 0, sum[2] ?? 0))),
    ];
  },
});

function rateOf(edits: number, length: number): number {
  if (length > 0) return edits / length;
  return edits > 0 ? 1 : 0;
}
