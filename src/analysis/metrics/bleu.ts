import type { MetricOptions } from "../metric.ts";
import { defineMetric } from "../metric.ts";
import { bleuTokenizers } from "../measures/bleu-tokens.ts";
import { ngramCounter } from "../measures/ngrams.ts";
import { measureOfSums } from "../measures/sums.ts";
import { missingPart, textPairs } from "../measures/text-pairs.ts";
import { wordNumbers } from "../measures/vocabulary.ts";
import { trimEnd } from "../measures/white-space.ts";

const orders = 4;
/** Of an example: 1, length of the hypothesis, of the closest reference, matches of each order, n-grams of each order. */
const width = 3 + 2 * orders;

export const bleu = defineMetric({
  id: "bleu",
  title: "BLEU",
  names: ["bleu"],
  tasks: ["translation", "generation"],
  range: [0, 100],
  source: "sacrebleu 2.6.0 BLEU",
  measure(examples, _, options) {
    const texts = textPairs(examples);
    if (!("pairs" in texts)) return texts;
    const { tokenize, lowercase, smoothing } = options;
    const tokenizer = bleuTokenizers[tokenize];
    const numbers = wordNumbers();
    const split = (text: string): Int32Array => numbers(tokenizer(trimEnd(lowercase ? text.toLowerCase() : text)));
    const countMatches = ngramCounter(orders);
    const matches = new Float64Array(orders);
    const rows = new Float64Array(examples.length * width);
    const errors = new Float64Array(examples.length).fill(Number.NaN);
    for (const { index, hypothesis, references } of texts.pairs) {
      const own = split(hypothesis);
      const others = references.map(split);
      countMatches(own, others, matches);
      const row = rows.subarray(index * width, (index + 1) * width);
      row.set([1, own.length, closestLength(own.length, others), ...matches]);
      for (let n = 1; n <= orders; n += 1) row[2 + orders + n] = Math.max(0, own.length - n + 1);
      errors[index] = 1 - bleuOfSums(row, smoothing, true) / 100;
    }
    const smooth = { exp: "exp", none: "none", floor: "floor[0.10]", "add-k": "add-k[1.00]" }[smoothing];
    const signature =
      `BLEU|nrefs:${texts.nrefs}|case:${lowercase ? "lc" : "mixed"}|eff:no|tok:${tokenize}|smooth:${smooth}` +
      `|version:2.6.0${missingPart(texts.missing)}`;
    const stated = { name: "bleu", signature, better: "higher", n: texts.pairs.length, errors } as const;
    return [measureOfSums(stated, width, rows, (sum) => bleuOfSums(sum, smoothing, false))];
  },
});

/** Of equally close references the shorter one. */
function closestLength(length: number, references: readonly ArrayLike<number>[]): number {
  let closest = Number.POSITIVE_INFINITY;
  for (const reference of references) {
    const by = Math.abs(reference.length - length) - Math.abs(closest - length);
    if (by < 0 || (by === 0 && reference.length < closest)) closest = reference.length;
  }
  return closest;
}

/** `effective`: of a single sentence, leave out the orders that are longer than it is (sacreBLEU's `effective_order`). */
function bleuOfSums(sum: ArrayLike<number>, smoothing: MetricOptions["smoothing"], effective: boolean): number {
  const [count = 0, length = 0, reference = 0] = Array.from(sum).slice(0, 3);
  if (count === 0) return Number.NaN;
  let anyMatch = false;
  for (let n = 1; n <= orders; n += 1) anyMatch ||= (sum[2 + n] ?? 0) > 0;
  if (!anyMatch) return 0;
  const brevity = length < reference ? Math.exp(1 - reference / length) : 1;
  const precisions = new Float64Array(orders);
  let halvings = 1;
  let effectiveOrders = orders;
  for (let n = 1; n <= orders; n += 1) {
    const added = smoothing === "add-k" && n > 1 ? 1 : 0;
    const matches = (sum[2 + n] ?? 0) + added;
    const total = (sum[2 + orders + n] ?? 0) + added;
    if (total === 0) break;
    if (effective) effectiveOrders = n;
    if (matches > 0) precisions[n - 1] = (100 * matches) / total;
    else if (smoothing === "exp") {
      halvings *= 2;
      precisions[n - 1] = 100 / (halvings * total);
      // 0.1 of a match: method 1 of Chen and Cherry, http://aclweb.org/anthology/W14-3346
    } else if (smoothing === "floor") precisions[n - 1] = (100 * 0.1) / total;
  }
  let logs = 0;
  for (let n = 1; n <= effectiveOrders; n += 1) logs += Math.log(precisions[n - 1] ?? 0);
  return brevity * Math.exp(logs / effectiveOrders);
}
