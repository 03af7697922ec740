/** Metrics of text against their reference implementations, which run in the test. */
import { expect, test } from "vitest";
import { z } from "zod";
import type { Metric, MetricOptions } from "../../src/analysis/metric.ts";
import { defaultMetricOptions } from "../../src/analysis/metric.ts";
import { bleu } from "../../src/analysis/metrics/bleu.ts";
import { chrf } from "../../src/analysis/metrics/chrf.ts";
import type { Example } from "../../src/model/example.ts";
import { hasReferences, runReference } from "./reference.ts";
import type { TextSet } from "./texts.ts";
import { chinese, hostile, translations } from "./texts.ts";

const texts = [translations(1, 150), translations(2, 60, 3), hostile(3, 300), chinese(4, 60)];

const Scores = z.object({ corpus: z.number(), sentences: z.array(z.number()), signature: z.string() });
const Reference = z.object({ texts: z.record(z.string(), z.record(z.string(), Scores)) });

const canRun = hasReferences("sacrebleu");
const reference = canRun ? runReference("text-reference.py", { texts }, Reference) : undefined;

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

const examplesOf = ({ hypotheses, references }: TextSet): Example[] =>
  hypotheses.map((prediction, i) => ({
    ...blank,
    id: String(i),
    prediction,
    references: references[i] ?? [],
    line: i + 1,
  }));

function measureOf(metric: Metric, name: string, examples: readonly Example[], options: Partial<MetricOptions> = {}) {
  const measures = metric.measure(examples, "translation", { ...defaultMetricOptions, ...options });
  if ("missing" in measures) throw new Error(`not measurable: ${measures.missing.join()}`);
  const measure = measures.find((own) => own.name === name);
  if (measure === undefined) throw new Error(`no ${name}`);
  return measure;
}

/** The largest difference, relative above 1; NaN where one is not a number. */
const apart = (actual: ArrayLike<number>, expected: readonly number[]): number =>
  Math.max(
    Math.abs(actual.length - expected.length),
    ...expected.map((value, i) => Math.abs((actual[i] ?? Number.NaN) - value) / Math.max(1, Math.abs(value))),
  );

const cases = texts.flatMap((set) => {
  const scores = reference?.texts[set.name] ?? {};
  return Object.entries(scores).map(([variant, score]) => ({ set, variant, score }));
});

test.skipIf(!canRun)("there is something to compare", () => expect(cases.length).toBeGreaterThan(60));

test.each(cases)("$set.name: $variant as sacreBLEU", ({ set, variant, score }) => {
  const [name = "", ...settings] = variant.split(" ");
  const examples = examplesOf(set);
  const tokenize = z.enum(["13a", "zh", "char", "intl", "none"]);
  const smoothing = z.enum(["exp", "floor", "add-k", "none"]);
  const measure =
    name === "bleu"
      ? measureOf(bleu, name, examples, {
          tokenize: tokenize.parse(settings[0]),
          smoothing: smoothing.parse(settings[1]),
          lowercase: settings[2] === "True",
        })
      : measureOf(chrf, name, examples, { lowercase: settings[0] === "True" });
  expect(apart([measure.value(null)], [score.corpus])).toBeLessThan(1e-9);
  expect(
    apart(
      measure.errors ?? [],
      score.sentences.map((own) => 1 - own / 100),
    ),
  ).toBeLessThan(1e-9);
  const [, ...signature] = measure.signature.split("|");
  expect(signature.join("|")).toBe(score.signature);
  expect(measure.n).toBe(examples.length);
});
