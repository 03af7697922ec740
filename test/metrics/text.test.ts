/** Metrics of text against their reference implementations, which run in the test. */
import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { Measure, Metric, MetricOptions } from "../../src/analysis/metric.ts";
import { defaultMetricOptions } from "../../src/analysis/metric.ts";
import { bleu } from "../../src/analysis/metrics/bleu.ts";
import { chrf } from "../../src/analysis/metrics/chrf.ts";
import { exactMatch } from "../../src/analysis/metrics/exact-match.ts";
import { passAtK } from "../../src/analysis/metrics/pass-at-k.ts";
import { perplexity } from "../../src/analysis/metrics/perplexity.ts";
import { rouge } from "../../src/analysis/metrics/rouge.ts";
import { spanF1 } from "../../src/analysis/metrics/span-f1.ts";
import { ter } from "../../src/analysis/metrics/ter.ts";
import { tokenF1 } from "../../src/analysis/metrics/token-f1.ts";
import { wer } from "../../src/analysis/metrics/wer.ts";
import type { Example } from "../../src/model/example.ts";
import { hasReferences, runReference } from "./reference.ts";
import { labelSequences, sampleCounts, scoredTexts } from "./sequences.ts";
import { answers, chinese, hostile, summaries, translations } from "./texts.ts";

const texts = [
  translations(1, 80),
  translations(2, 25, 3),
  hostile(3, 200),
  chinese(4, 50),
  summaries(5, 16),
  answers(6, 200),
];
const spans = [
  labelSequences("two kinds", 1, ["O", "O", "O", "B-PER", "I-PER", "B-LOC", "I-LOC"]),
  labelSequences("all tags", 2, ["O", "O", "B-A-1", "I-A-1", "E-A-1", "S-A-1", "B-A-2", "I-A-2", "E-A-2", "S-A-2"]),
  labelSequences("no kinds", 3, ["O", "O", "B", "I", "E", "S"]),
];
const scored = [
  scoredTexts(
    "sure",
    1,
    translations(7, 40).hypotheses.map((text) => `${text}.`),
    1,
  ),
  scoredTexts(
    "unsure",
    2,
    hostile(8, 60).hypotheses.map((text) => `${text}x`),
    20,
  ),
  scoredTexts(
    "Chinese",
    3,
    chinese(9, 30).hypotheses.map((text) => `${text}。`),
    8,
  ),
];
const samples = [
  sampleCounts("one each", 1, [1, 1], [1]),
  sampleCounts("10 to 20", 2, [10, 20], [1, 2, 5, 10]),
  sampleCounts("200 each", 3, [200, 200], [1, 10, 64, 100]),
];

const numbers = z.array(z.number());
const Scores = z.object({ corpus: z.number(), sentences: numbers, signature: z.string() });
const Reference = z.object({
  translation: z.record(z.string(), z.record(z.string(), Scores)),
  rouge: z.record(z.string(), z.record(z.string(), numbers)),
  answers: z.record(z.string(), z.object({ exact_match: numbers, f1: numbers })),
  speech: z.record(z.string(), z.object({ wer: z.number(), cer: z.number(), wers: numbers, cers: numbers })),
  spans: z.record(z.string(), z.object({ corpus: z.number(), sequences: numbers })),
  perplexity: z.record(z.string(), z.object({ perplexity: z.number(), bits_per_byte: z.number() })),
  samples: z.record(z.string(), z.record(z.string(), numbers)),
});

const canRun = hasReferences("sacrebleu", "rouge_score", "torchmetrics", "jiwer", "seqeval");
const known = canRun
  ? runReference("text-reference.py", { texts, spans, perplexity: scored, samples }, Reference)
  : undefined;

const blank: Example = {
  id: "",
  input: null,
  prediction: null,
  references: [],
  scores: null,
  logProbs: null,
  samples: null,
  latencyMs: null,
  outputTokens: null,
  group: null,
  attributes: new Map(),
  line: 0,
};

interface Answers {
  readonly hypotheses: readonly Example["prediction"][];
  readonly references: readonly Example["references"][];
}

const examplesOf = ({ hypotheses, references }: Answers): Example[] =>
  hypotheses.map((prediction, i) => ({ ...blank, id: String(i), prediction, references: references[i] ?? [] }));

function measureOf(
  metric: Metric,
  name: string,
  examples: readonly Example[],
  options: Partial<MetricOptions> = {},
): Measure {
  const measures = metric.measure(examples, "generation", { ...defaultMetricOptions, ...options });
  if ("missing" in measures) throw new Error(`not measurable: ${measures.missing.join()}`);
  const measure = measures.find((own) => own.name === name);
  if (measure === undefined || !metric.names.includes(name)) throw new Error(`no ${name}`);
  return measure;
}

/** Equal to 1e-9, relative above 1. */
function expectSame(actual: ArrayLike<number>, expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length);
  const apart = expected.map((value, i) => Math.abs((actual[i] ?? Number.NaN) - value) / Math.max(1, Math.abs(value)));
  const worst = apart.findIndex((own) => !(own < 1e-9));
  expect(worst, `${worst}: ${actual[worst]} instead of ${expected[worst]}`).toBe(-1);
}

const mean = (values: readonly number[]): number => values.reduce((sum, own) => sum + own, 0) / values.length;
const errorsOf = (scores: readonly number[]): number[] => scores.map((own) => 1 - own);

describe.skipIf(!canRun).each(texts)("$name", ({ name, hypotheses, references }) => {
  const examples = examplesOf({ hypotheses, references });

  test("BLEU, chrF and TER as sacreBLEU", () => {
    const tokenize = z.enum(["13a", "zh", "char", "intl", "none"]);
    const smoothing = z.enum(["exp", "floor", "add-k", "none"]);
    const variants = Object.entries(known?.translation[name] ?? {});
    expect(variants.length).toBe(18);
    for (const [variant, score] of variants) {
      const [metric = "", ...settings] = variant.split(" ");
      const lowercase = settings.at(-1) === "True";
      const measure =
        metric === "bleu"
          ? measureOf(bleu, metric, examples, {
              tokenize: tokenize.parse(settings[0]),
              smoothing: smoothing.parse(settings[1]),
              lowercase,
            })
          : measureOf(metric === "ter" ? ter : chrf, metric, examples, { lowercase });
      const scale = metric === "ter" ? score.sentences : errorsOf(score.sentences.map((own) => own / 100));
      expectSame([measure.value(null)], [score.corpus]);
      expectSame(measure.errors ?? [], metric === "ter" ? scale.map((own) => own / 100) : scale);
      expect(measure.signature.replace(/^[^|]*\|/, "")).toBe(score.signature);
      expect(measure.n).toBe(examples.length);
    }
  });

  test("ROUGE as rouge-score", () => {
    const scores = Object.entries(known?.rouge[name] ?? {});
    expect(scores.map(([own]) => own)).toEqual(rouge.names);
    for (const [variant, values] of scores) {
      const measure = measureOf(rouge, variant, examples);
      expectSame(measure.errors ?? [], errorsOf(values));
      expectSame([measure.value(null)], [mean(values)]);
    }
  });

  test("exact match and token F1 as SQuAD's script", () => {
    const scores = known?.answers[name];
    for (const [metric, variant, values] of [
      [exactMatch, "exact_match", scores?.exact_match ?? []],
      [tokenF1, "token_f1", scores?.f1 ?? []],
    ] as const) {
      const measure = measureOf(metric, variant, examples);
      expectSame(measure.errors ?? [], errorsOf(values));
      expectSame([measure.value(null)], [mean(values)]);
    }
  });

  test("word and character error rate as jiwer", () => {
    const first = examplesOf({ hypotheses, references: references.map((own) => own.slice(0, 1)) });
    const scores = known?.speech[name];
    expectSame([measureOf(wer, "wer", first).value(null)], [scores?.wer ?? Number.NaN]);
    expectSame([measureOf(wer, "cer", first).value(null)], [scores?.cer ?? Number.NaN]);
    expectSame(measureOf(wer, "wer", first).errors ?? [], scores?.wers ?? []);
    expectSame(measureOf(wer, "cer", first).errors ?? [], scores?.cers ?? []);
  });
});

test.skipIf(!canRun).each(spans)("span F1 of $name as seqeval", (set) => {
  const measure = measureOf(spanF1, "span_f1", examplesOf(set));
  const scores = known?.spans[set.name];
  expectSame([measure.value(null)], [scores?.corpus ?? Number.NaN]);
  // Where nothing is to be found and nothing was, seqeval says 0; it is no error.
  const isEmpty = (i: number): boolean =>
    [set.hypotheses[i], set.references[i]].every((labels) => labels?.every((label) => label === "O"));
  expectSame(
    measure.errors ?? [],
    (scores?.sequences ?? []).map((own, i) => (isEmpty(i) ? 0 : 1 - own)),
  );
});

test.skipIf(!canRun).each(scored)("perplexity and bits per byte, $name", ({ name, logProbs, texts: predictions }) => {
  const examples = predictions.map((prediction, i) => ({ ...blank, prediction, logProbs: logProbs[i] ?? [] }));
  const scores = known?.perplexity[name];
  expectSame([measureOf(perplexity, "perplexity", examples).value(null)], [scores?.perplexity ?? Number.NaN]);
  expectSame([measureOf(perplexity, "bits_per_byte", examples).value(null)], [scores?.bits_per_byte ?? Number.NaN]);
});

test.skipIf(!canRun).each(samples)("pass@k, $name, as human-eval", ({ name, counts, passed, ks }) => {
  const examples = counts.map((count, i) => ({ ...blank, samples: { count, passed: passed[i] ?? 0 } }));
  for (const k of ks) {
    const values = known?.samples[name]?.[String(k)] ?? [];
    const measure = measureOf(passAtK, `pass@${k}`, examples);
    expectSame(measure.errors ?? [], errorsOf(values));
    expectSame([measure.value(null)], [mean(values)]);
  }
});
