/** Properties of the metrics of text; test/metrics compares them with their reference implementations. */
import { describe, expect, test } from "vitest";
import { exampleOf } from "../../../test/metrics/examples.ts";
import { hostile, translations } from "../../../test/metrics/texts.ts";
import type { Example } from "../../model/example.ts";
import { commonLength } from "../measures/common-subsequence.ts";
import { editDistance } from "../measures/edit-distance.ts";
import type { Measure, Metric } from "../metric.ts";
import { defaultMetricOptions } from "../metric.ts";
import { random } from "../synthetic.fixture.ts";
import { bleu } from "./bleu.ts";
import { chrf } from "./chrf.ts";
import { exactMatch } from "./exact-match.ts";
import { passAtK } from "./pass-at-k.ts";
import { perplexity } from "./perplexity.ts";
import { rouge } from "./rouge.ts";
import { spanF1 } from "./span-f1.ts";
import { ter } from "./ter.ts";
import { tokenF1 } from "./token-f1.ts";
import { wer } from "./wer.ts";

const next = random(11);
const textExamples = [translations(12, 30), hostile(13, 40)].flatMap(({ hypotheses, references }) =>
  hypotheses.map((prediction, i) =>
    exampleOf(String(i), {
      prediction: i % 9 === 0 ? null : prediction,
      references: i % 11 === 0 ? [] : (references[i] ?? []),
      logProbs: Array.from({ length: next.integer(0, 9) }, () => -5 * next.uniform()),
      samples: { count: 12, passed: next.integer(0, 12) },
    }),
  ),
);
const label = (): string => ["O", "B-A", "I-A", "B-B"][next.integer(0, 3)] ?? "O";
const labelExamples = Array.from({ length: 40 }, (_, i) => {
  const references = Array.from({ length: next.integer(2, 9) }, label);
  return exampleOf(String(i), {
    prediction: references.map((own) => (next.uniform() < 0.3 ? label() : own)),
    references,
  });
});

const measuresOf = (metric: Metric, examples: readonly Example[]): readonly Measure[] => {
  const measures = metric.measure(examples, "generation", defaultMetricOptions);
  return "missing" in measures ? [] : measures;
};

describe.each([bleu, chrf, ter, rouge, exactMatch, tokenF1, wer, perplexity, passAtK, spanF1])("$id", (metric) => {
  const examples = metric === spanF1 ? labelExamples : textExamples;
  const measures = measuresOf(metric, examples);

  test("lies in its range, under names of its list", () => {
    expect(measures.length).toBeGreaterThan(0);
    for (const { name, value } of measures) {
      expect(metric.names).toContain(name);
      expect(value(null)).toBeGreaterThanOrEqual(metric.range[0]);
      expect(value(null)).toBeLessThanOrEqual(metric.range[1]);
    }
  });

  test("does not depend on the order of the examples", () => {
    measuresOf(metric, examples.toReversed()).forEach(({ value }, i) =>
      expect(value(null)).toBeCloseTo(measures[i]?.value(null) ?? Number.NaN, 9),
    );
  });

  test("is the same from weights, from sums and from the examples themselves", () => {
    const weights = examples.map((_, i) => i % 3);
    const drawn = examples.flatMap((example, i) => Array.from({ length: weights[i] ?? 0 }, () => example));
    measuresOf(metric, drawn).forEach(({ value, name }) => {
      const whole = measures.find((own) => own.name === name);
      expect(whole?.value(weights), name).toBeCloseTo(value(null), 9);
    });
  });

  test("is NaN over no example, and counts only examples that have what it needs", () => {
    for (const { value, errors, n } of measures) {
      expect(value(examples.map(() => 0))).toBeNaN();
      expect(errors?.filter((error) => !Number.isNaN(error)).length).toBe(n);
    }
  });

  test("says what is missing where nothing is given", () => {
    const nothing = metric.measure([exampleOf("a", { prediction: "x" })], "generation", defaultMetricOptions);
    expect("missing" in nothing && nothing.missing.length).toBe(1);
  });
});

test("ROUGE is not applicable to texts of which it reads nothing, and says how much it does not read", () => {
  const chinese = [exampleOf("a", { prediction: "你好", references: ["你好"] })];
  expect(rouge.measure(chinese, "summarization", defaultMetricOptions)).toHaveProperty("missing");
  const [half] = measuresOf(rouge, [exampleOf("a", { prediction: "aé", references: ["aé"] })]);
  expect(half?.signature).toContain("|unread:50% of letters|");
});

test("edit distance and longest common subsequence are those of the table, beyond 32 places too", () => {
  for (let round = 0; round < 60; round += 1) {
    const [left, right] = [0, 1].map(() => Array.from({ length: next.integer(0, 100) }, () => next.integer(0, 4)));
    if (left === undefined || right === undefined) return;
    let edits = right.map((_, j) => j + 1);
    let common = right.map(() => 0);
    left.forEach((symbol, i) => {
      const [newEdits, newCommon]: [number[], number[]] = [[], []];
      right.forEach((other, j) => {
        const corner = j === 0 ? i : (edits[j - 1] ?? 0);
        const beside = j === 0 ? i + 1 : (newEdits[j - 1] ?? 0);
        newEdits.push(Math.min(corner + (symbol === other ? 0 : 1), (edits[j] ?? 0) + 1, beside + 1));
        const match = symbol === other ? (common[j - 1] ?? 0) + 1 : 0;
        newCommon.push(Math.max(match, common[j] ?? 0, newCommon[j - 1] ?? 0));
      });
      [edits, common] = [newEdits, newCommon];
    });
    expect(editDistance(left, right)).toBe(right.length === 0 ? left.length : edits.at(-1));
    expect(commonLength(left, right)).toBe(common.at(-1) ?? 0);
  }
});
