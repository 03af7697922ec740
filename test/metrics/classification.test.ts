/** Classification and regression against scikit-learn, of whole data sets and of a resample. */
import { expect, test } from "vitest";
import { z } from "zod";
import { confusionMatrix } from "../../src/analysis/measures/confusion-matrix.ts";
import { weightedSum } from "../../src/analysis/measures/sums.ts";
import { defaultMetricOptions, type Measure, type Weights } from "../../src/analysis/metric.ts";
import { metrics } from "../../src/analysis/metrics/index.ts";
import { exampleOf } from "./examples.ts";
import { cases, type Case } from "./classification-cases.ts";
import { hasReferences, runReference } from "./reference.ts";
import type { Example } from "../../src/model/example.ts";

const Answers = z.array(z.tuple([z.record(z.string(), z.string()), z.record(z.string(), z.string())]));

const numberOf = (text: string): number => (text === "nan" ? Number.NaN : Number(text));

function examplesOf({ truth, predicted, labels, scores }: Case): readonly Example[] {
  const textOf = (value: string | number | readonly string[]): string | readonly string[] =>
    typeof value === "number" ? String(value) : value;
  return truth.map((right, index) => {
    const said = predicted[index] ?? null;
    const score = scores?.[index];
    return exampleOf(String(index), {
      prediction: said === null ? null : textOf(said),
      references: [textOf(right)].flat(),
      scores:
        score === undefined
          ? null
          : new Map(typeof score === "number" ? [["", score]] : labels.map((label, i) => [label, score[i] ?? 0])),
    });
  });
}

function measuresOf(examples: readonly Example[], { task, positive }: Case): ReadonlyMap<string, Measure> {
  const measured = new Map<string, Measure>();
  for (const metric of metrics) {
    if (!metric.tasks.includes(task)) continue;
    const measures = metric.measure(examples, task, { ...defaultMetricOptions, positive });
    if ("missing" in measures) continue;
    for (const measure of measures) {
      expect(metric.names).toContain(measure.name);
      measured.set(measure.name, measure);
    }
  }
  return measured;
}

function cellsOf(examples: readonly Example[], weights: Weights | null): ReadonlyMap<string, number> {
  const { labels, counts } = confusionMatrix(examples, weights);
  return new Map(
    labels.flatMap((right, row) =>
      labels.map((said, column) => [`${right} taken for ${said}`, counts[row * labels.length + column] ?? 0]),
    ),
  );
}

const averages = ["", "_macro", "_micro", "_weighted", "_samples"];
const names = [
  ...["precision", "recall", "f1"].flatMap((name) => averages.map((average) => `${name}${average}`)),
  "accuracy",
  "mcc",
  "cohen_kappa",
  "roc_auc",
  "average_precision",
  "log_loss",
  "brier",
  "ece",
  "top5_accuracy",
  "mae",
  "rmse",
  "r2",
];

test.skipIf(!hasReferences("sklearn"))("each number equals the reference's to 1e-9", { timeout: 120_000 }, () => {
  const answers = runReference("classification.py", cases, Answers);
  const compared = new Map<string, number>();
  for (const [index, one] of cases.entries()) {
    const examples = examplesOf(one);
    const measured = measuresOf(examples, one);
    const cells = [cellsOf(examples, null), cellsOf(examples, one.weights)];
    for (const [half, weights] of [null, one.weights].entries())
      for (const [name, text] of Object.entries(answers[index]?.[half] ?? {})) {
        const value = measured.get(name)?.value(weights) ?? cells[half]?.get(name);
        const sums = measured.get(name)?.sums ?? null;
        if (sums !== null && value !== undefined) {
          const ofSums = sums.value(weightedSum(sums.rows, examples.length, weights));
          if (Number.isNaN(value)) expect(ofSums, name).toBeNaN();
          else expect(ofSums, name).toBeCloseTo(value, 9);
        }
        const wanted = numberOf(text);
        const where = `${name} of "${one.name}"${half === 1 ? ", resampled" : ""}`;
        if (Number.isNaN(wanted)) expect(value, where).toBeNaN();
        else expect(Math.abs((value ?? Number.NaN) - wanted), `${where}: ${value}, not ${wanted}`).toBeLessThan(1e-9);
        compared.set(name, (compared.get(name) ?? 0) + 1);
      }
  }
  // At least three data sets, each whole and resampled.
  for (const name of names) expect(compared.get(name), name).toBeGreaterThanOrEqual(6);
});

test("of two classes the positive one is the one that is asked for, looks so, or is rarer", () => {
  const f1 = (positive: string | null, truth: readonly string[], predicted: readonly string[]): string | undefined => {
    const one: Case = {
      name: "",
      task: "classification",
      truth,
      predicted,
      labels: [],
      scores: null,
      probable: true,
      positive,
      weights: [],
    };
    return measuresOf(examplesOf(one), one).get("f1")?.signature;
  };
  expect(f1(null, ["no", "yes", "yes"], ["no", "no", "yes"])).toContain("positive:yes");
  expect(f1(null, ["ham", "ham", "spam"], ["ham", "ham", "ham"])).toContain("positive:spam");
  expect(f1("ham", ["ham", "ham", "spam"], ["ham", "ham", "ham"])).toContain("positive:ham");
  expect(f1(null, ["a", "b", "c"], ["a", "b", "c"])).toBeUndefined();
});

test("any of several right labels will do, and what is missing is counted as wrong", () => {
  const examples = [
    exampleOf("1", { prediction: "b", references: ["a", "b"] }),
    exampleOf("2", { prediction: null, references: ["a"] }),
    exampleOf("3", { prediction: "a", references: [] }),
  ];
  const { labels, counts, missing } = confusionMatrix(examples);
  expect(labels).toEqual(["a", "b"]);
  expect([...counts]).toEqual([0, 0, 0, 1]);
  expect([...missing]).toEqual([1, 0]);
  expect([...confusionMatrix(examples, [3, 2, 1]).counts]).toEqual([0, 0, 0, 3]);
});

test("says what is missing instead of a number", () => {
  const missing = (id: string, example: Partial<Example>): readonly string[] => {
    const measured = metrics
      .find((metric) => metric.id === id)
      ?.measure([exampleOf("1", example), exampleOf("2", example)], "classification", defaultMetricOptions);
    return measured !== undefined && "missing" in measured ? measured.missing : [];
  };
  expect(missing("f1", { prediction: "a" })).toEqual(["references"]);
  expect(missing("roc-auc", { prediction: "a", references: ["a"] })).toEqual(["scores (of each class)"]);
  const raw = new Map([
    ["a", 3],
    ["b", -1],
  ]);
  expect(missing("log-loss", { references: ["a"], scores: raw })[0]).toContain("probabilities");
  expect(missing("top-k", { references: ["a"], scores: raw })).toEqual(["more than 5 classes"]);
  expect(missing("mae", { prediction: "3.5", references: ["?"] })).toEqual(["references that are numbers"]);
});
