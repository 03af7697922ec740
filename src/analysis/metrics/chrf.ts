import { defineMetric } from "../metric.ts";
import { ngramCounter } from "../measures/ngrams.ts";
import { measureOfSums } from "../measures/sums.ts";
import { missingPart, textPairs } from "../measures/text-pairs.ts";
import { wordNumbers } from "../measures/vocabulary.ts";
import { splitWords } from "../measures/white-space.ts";

const characterOrders = 6;
const wordOrders = 2;
/** Of an example: for each order the n-grams of the hypothesis, of the reference and of both; then 1. */
const widthOf = (orders: number): number => 3 * orders + 1;

export const chrf = defineMetric({
  id: "chrf",
  title: "chrF and chrF++",
  names: ["chrf", "chrf++"],
  tasks: ["translation", "generation"],
  range: [0, 100],
  source: "sacrebleu 2.6.0 CHRF",
  measure(examples, _, { lowercase }) {
    const texts = textPairs(examples);
    if (!("pairs" in texts)) return texts;
    const count = statistics();
    const variants = [
      { name: "chrf", title: "chrF2", words: 0 },
      { name: "chrf++", title: "chrF2++", words: wordOrders },
    ].map((variant) => {
      const orders = characterOrders + variant.words;
      const width = widthOf(orders);
      const rows = new Float64Array(examples.length * width);
      return { ...variant, orders, width, rows, errors: new Float64Array(examples.length).fill(Number.NaN) };
    });
    const best = variants.map(() => ({ score: -1, row: new Float64Array(widthOf(characterOrders + wordOrders)) }));
    for (const { index, hypothesis, references } of texts.pairs) {
      const own = symbols(lowercase ? hypothesis.toLowerCase() : hypothesis);
      for (const kept of best) kept.score = -1;
      // The best reference of each variant; the first one of equals.
      for (const reference of references) {
        const row = count(own, symbols(lowercase ? reference.toLowerCase() : reference));
        variants.forEach(({ orders }, which) => {
          const kept = best[which];
          const score = scoreOf(row, orders);
          if (kept === undefined || score <= kept.score) return;
          kept.score = score;
          kept.row.set(row);
        });
      }
      variants.forEach(({ orders, width, rows, errors }, which) => {
        const kept = best[which];
        if (kept === undefined) return;
        rows.set(kept.row.subarray(0, 3 * orders), index * width);
        rows[(index + 1) * width - 1] = 1;
        errors[index] = 1 - kept.score / 100;
      });
    }
    return variants.map(({ name, title, words, orders, width, rows, errors }) => {
      const signature =
        `${title}|nrefs:${texts.nrefs}|case:${lowercase ? "lc" : "mixed"}|eff:yes|nc:${characterOrders}|nw:${words}` +
        `|space:no|version:2.6.0${missingPart(texts.missing)}`;
      const stated = { name, signature, better: "higher", n: texts.pairs.length, errors } as const;
      const value = (sum: ArrayLike<number>): number => (sum[width - 1] === 0 ? Number.NaN : scoreOf(sum, orders));
      return measureOfSums(stated, width, rows, value);
    });
  },
});

interface Symbols {
  /** Code points without white space. */
  readonly characters: readonly number[];
  readonly words: readonly string[];
}

function symbols(text: string): Symbols {
  const words = splitWords(text);
  const characters: number[] = [];
  for (const word of words)
    for (let i = 0; i < word.length; i += 1) {
      const code = word.codePointAt(i) ?? 0;
      characters.push(code);
      if (code > 0xffff) i += 1;
    }
  return { characters, words: words.flatMap(withoutPunctuation) };
}

const punctuation = new Set("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~");

/** Splits one mark off a word: the last character, or else the first. "(hi)" becomes "(hi" and ")", as in chrF++.py. */
function withoutPunctuation(word: string): string | readonly string[] {
  if (word.length === 1) return word;
  const last = word.slice(-1);
  if (punctuation.has(last)) return [word.slice(0, -1), last];
  const first = word.slice(0, 1);
  return punctuation.has(first) ? [first, word.slice(1)] : word;
}

/** Counts of all orders for one reference; the array is used again in the next call. */
function statistics(): (hypothesis: Symbols, reference: Symbols) => Float64Array {
  const numbers = wordNumbers();
  const countCharacters = ngramCounter(characterOrders);
  const countWords = ngramCounter(wordOrders);
  const matches = new Float64Array(Math.max(characterOrders, wordOrders));
  const row = new Float64Array(widthOf(characterOrders + wordOrders));
  const write = (from: number, orders: number, hypothesis: number, reference: number): void => {
    for (let n = 1; n <= orders; n += 1) {
      const inReference = Math.max(0, reference - n + 1);
      const at = 3 * (from + n - 1);
      // An order that the reference does not have says nothing about the hypothesis.
      row[at] = inReference === 0 ? 0 : Math.max(0, hypothesis - n + 1);
      row[at + 1] = inReference;
      row[at + 2] = matches[n - 1] ?? 0;
    }
  };
  return (hypothesis, reference) => {
    countCharacters(hypothesis.characters, [reference.characters], matches);
    write(0, characterOrders, hypothesis.characters.length, reference.characters.length);
    countWords(numbers(hypothesis.words), [numbers(reference.words)], matches);
    write(characterOrders, wordOrders, hypothesis.words.length, reference.words.length);
    return row;
  };
}

/** F2 of the mean precision and the mean recall over the orders that both sides have; not the mean of their F2. */
function scoreOf(sum: ArrayLike<number>, orders: number): number {
  let precision = 0;
  let recall = 0;
  let counted = 0;
  for (let order = 0; order < orders; order += 1) {
    const inHypothesis = sum[3 * order] ?? 0;
    const inReference = sum[3 * order + 1] ?? 0;
    const inBoth = sum[3 * order + 2] ?? 0;
    if (inHypothesis === 0 || inReference === 0) continue;
    precision += inBoth / inHypothesis;
    recall += inBoth / inReference;
    counted += 1;
  }
  if (precision + recall === 0) return 0;
  precision /= counted;
  recall /= counted;
  return (100 * 5 * precision * recall) / (4 * precision + recall);
}
