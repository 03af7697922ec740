import { defineMetric } from "../metric.ts";
import { commonLength, markCommon } from "../measures/common-subsequence.ts";
import { ngramCounter } from "../measures/ngrams.ts";
import { measureOfMean } from "../measures/sums.ts";
import { missingPart, textPairs } from "../measures/text-pairs.ts";
import { wordNumbers } from "../measures/vocabulary.ts";

const names = ["rouge1", "rouge2", "rougeL", "rougeLsum"] as const;

export const rouge = defineMetric({
  id: "rouge",
  title: "ROUGE",
  names,
  tasks: ["summarization", "generation"],
  range: [0, 1],
  source: "rouge-score 0.1.2",
  measure(examples) {
    const texts = textPairs(examples);
    if (!("pairs" in texts)) return texts;
    const numbers = wordNumbers();
    const score = scorer();
    const values = names.map(() => new Float64Array(examples.length).fill(Number.NaN));
    const read = { letters: 0, kept: 0 };
    for (const { index, hypothesis, references } of texts.pairs) {
      const own = summaryOf(hypothesis, numbers);
      for (const reference of references) {
        countLetters(reference, read);
        score(summaryOf(reference, numbers), own).forEach((f, which) => {
          const kept = values[which];
          if (kept !== undefined && !(f <= (kept[index] ?? 0))) kept[index] = f;
        });
      }
    }
    // Nothing but white space and marks is no foreign script.
    if (read.kept === 0 && read.letters > 0)
      return { missing: ["references in Latin letters without accents (ROUGE reads nothing but a to z and digits)"] };
    const unread = Math.round(100 * (1 - read.kept / Math.max(1, read.letters)));
    const refs = texts.nrefs === "1" ? "" : " (best)";
    const signature =
      `|F1|nrefs:${texts.nrefs}${refs}|stem:no${unread === 0 ? "" : `|unread:${unread}% of letters`}` +
      `|rouge-score:0.1.2${missingPart(texts.missing)}`;
    return names.map((name, which) =>
      measureOfMean(
        { name, signature: name + signature, better: "higher" },
        values[which] ?? new Float64Array(examples.length),
        (value) => 1 - value,
      ),
    );
  },
});

type Numbers = ReturnType<typeof wordNumbers>;

interface Summary {
  readonly words: Int32Array;
  /** The words of each line that is not empty. */
  readonly sentences: readonly Int32Array[];
}

const tokens = (text: string): string[] => text.toLowerCase().match(/[a-z0-9]+/g) ?? [];

const summaryOf = (text: string, numbers: Numbers): Summary => ({
  words: numbers(tokens(text)),
  sentences: text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => numbers(tokens(line))),
});

/** Letters and digits of any script, and those of them that ROUGE reads. */
function countLetters(text: string, into: { letters: number; kept: number }): void {
  const lower = text.toLowerCase();
  into.letters += lower.match(/[\p{L}\p{N}]/gu)?.length ?? 0;
  into.kept += lower.match(/[a-z0-9]/g)?.length ?? 0;
}

function f1(common: number, ofReference: number, ofPrediction: number): number {
  if (common === 0) return 0;
  const precision = common / ofPrediction;
  const recall = common / ofReference;
  return (2 * precision * recall) / (precision + recall);
}

/** The four scores of one reference and one prediction, in the order of `names`. */
function scorer(): (reference: Summary, prediction: Summary) => number[] {
  const countMatches = ngramCounter(2);
  const matches = new Float64Array(2);
  return (reference, prediction) => {
    const [ofReference, ofPrediction] = [reference.words.length, prediction.words.length];
    countMatches(prediction.words, [reference.words], matches);
    return [
      f1(matches[0] ?? 0, ofReference, ofPrediction),
      f1(matches[1] ?? 0, ofReference - 1, ofPrediction - 1),
      f1(commonLength(reference.words, prediction.words), ofReference, ofPrediction),
      f1(unionCommon(reference.sentences, prediction.sentences), ofReference, ofPrediction),
    ];
  };
}

/** Words of the reference that are common to it and any sentence of the prediction, none more often than either has it. */
function unionCommon(reference: readonly Int32Array[], prediction: readonly Int32Array[]): number {
  const left = [countsOf(reference), countsOf(prediction)];
  let hits = 0;
  for (const sentence of reference) {
    const marks = new Uint8Array(sentence.length);
    for (const other of prediction) markCommon(sentence, other, marks);
    sentence.forEach((word, i) => {
      if (marks[i] === 0 || left.some((counts) => (counts.get(word) ?? 0) === 0)) return;
      hits += 1;
      for (const counts of left) counts.set(word, (counts.get(word) ?? 0) - 1);
    });
  }
  return hits;
}

function countsOf(sentences: readonly Int32Array[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const sentence of sentences) for (const word of sentence) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}
