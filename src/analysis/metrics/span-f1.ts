import { defineMetric } from "../metric.ts";
import { isSequence, spansOf } from "../measures/spans.ts";
import { measureOfSums } from "../measures/sums.ts";
import { splitWords } from "../measures/white-space.ts";

/** Of an example: 1, spans that are right, predicted, in the reference. */
const width = 4;

export const spanF1 = defineMetric({
  id: "span-f1",
  title: "Span F1",
  names: ["span_f1"],
  tasks: ["multilabel", "classification", "generation"],
  range: [0, 1],
  source: "seqeval 1.2.2 f1_score, average micro",
  measure(examples) {
    const missing = { missing: ["a label for each word (B-PER, I-PER, O) as prediction and reference"] };
    const rows = new Float64Array(examples.length * width);
    const errors = new Float64Array(examples.length).fill(Number.NaN);
    let n = 0;
    let unequal = 0;
    let anySpan = false;
    for (const [index, example] of examples.entries()) {
      if (example.references.length === 0) continue;
      const right = labelsOf(example.references);
      if (!isSequence(right)) return missing;
      const guessed = example.prediction === null ? [] : labelsOf(asList(example.prediction));
      if (guessed.length > 0 && !isSequence(guessed)) return missing;
      if (guessed.length !== right.length) unequal += 1;
      const spans = spansOf(right);
      const found = spansOf(guessed.slice(0, right.length));
      const both = [...found].filter((span) => spans.has(span)).length;
      const row = [1, both, found.size, spans.size];
      rows.set(row, index * width);
      errors[index] = found.size + spans.size === 0 ? 0 : 1 - f1(row);
      anySpan ||= spans.size > 0;
      n += 1;
    }
    if (n === 0) return { missing: ["references"] };
    if (!anySpan) return missing;
    const shorter = unequal === 0 ? "" : `|unequal lengths:${unequal} filled with O or cut`;
    const signature = `span_f1|micro|mode:conlleval|seqeval:1.2.2${shorter}`;
    return [measureOfSums({ name: "span_f1", signature, better: "higher", n, errors }, width, rows, f1)];
  },
});

const asList = (prediction: string | readonly string[]): readonly string[] =>
  typeof prediction === "string" ? [prediction] : prediction;

/** A list of labels, or one text with blanks between them. */
const labelsOf = (given: readonly string[]): readonly string[] =>
  given.length === 1 ? splitWords(given[0] ?? "") : given;

/** 0 where nothing was found or nothing was there, as seqeval answers; NaN over no example. */
function f1(sum: ArrayLike<number>): number {
  if (sum[0] === 0) return Number.NaN;
  const [both = 0, found = 0, spans = 0] = [sum[1], sum[2], sum[3]];
  if (both === 0) return 0;
  const precision = both / found;
  const recall = both / spans;
  return (2 * precision * recall) / (precision + recall);
}
