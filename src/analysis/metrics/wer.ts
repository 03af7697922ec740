import { defineMetric } from "../metric.ts";
import { editDistance } from "../measures/edit-distance.ts";
import { measureOfSums } from "../measures/sums.ts";
import { missingPart, textPairs } from "../measures/text-pairs.ts";
import { wordNumbers } from "../measures/vocabulary.ts";
import { collapseRepeated, trim } from "../measures/white-space.ts";

/** Of an example: 1, edits, length of the reference. */
const width = 3;

export const wer = defineMetric({
  id: "wer",
  title: "Word and character error rate",
  names: ["wer", "cer"],
  tasks: ["speech"],
  range: [0, Number.POSITIVE_INFINITY],
  source: "jiwer 4.0.0",
  measure(examples) {
    const texts = textPairs(examples);
    if (!("pairs" in texts)) return texts;
    const numbers = wordNumbers();
    const variants = [
      { name: "wer", unit: "words", split: (text: string) => numbers(words(text)) },
      { name: "cer", unit: "characters with blanks", split: (text: string) => codePoints(trim(text)) },
    ];
    return variants.map(({ name, unit, split }) => {
      const rows = new Float64Array(examples.length * width);
      const errors = new Float64Array(examples.length).fill(Number.NaN);
      for (const { index, hypothesis, references } of texts.pairs) {
        const own = split(hypothesis);
        let best = Number.POSITIVE_INFINITY;
        for (const reference of references.map(split)) {
          const edits = editDistance(reference, own);
          const rate = rateOf(edits, reference.length);
          if (rate >= best) continue;
          best = rate;
          rows.set([1, edits, reference.length], index * width);
        }
        errors[index] = best;
      }
      const refs = texts.nrefs === "1" ? "" : " (best)";
      const signature = `${name}|nrefs:${texts.nrefs}${refs}|case:mixed|punct:yes|unit:${unit}|jiwer:4.0.0${missingPart(texts.missing)}`;
      const stated = { name, signature, better: "lower", n: texts.pairs.length, errors } as const;
      return measureOfSums(stated, width, rows, (sum) =>
        sum[0] === 0 ? Number.NaN : rateOf(sum[1] ?? 0, sum[2] ?? 0),
      );
    });
  },
});

/** Where there was nothing to be said, each word that was said is an error: jiwer counts them, since 4.0. */
const rateOf = (edits: number, length: number): number => (length === 0 ? edits : edits / length);

/** jiwer's default: white space counts as one blank from two on; a single tab or line break joins two words into one. */
const words = (text: string): string[] =>
  trim(collapseRepeated(text))
    .split(" ")
    .filter((word) => word !== "");

const codePoints = (text: string): Int32Array => Int32Array.from(Array.from(text), (own) => own.codePointAt(0) ?? 0);
