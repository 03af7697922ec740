import { expect, test } from "vitest";
import { Random } from "../../base/random.ts";
import type { Example } from "../../model/example.ts";
import { defaultMetricOptions } from "../metric.ts";
import { compareExamples, type CompareOptions } from "./compare-examples.ts";

const options: CompareOptions = {
  task: "classification",
  metric: defaultMetricOptions,
  decideBy: null,
  names: { a: "A", b: "B" },
  seed: 1,
  rounds: { randomizations: 1_000, resamples: 400 },
};

const example = (id: number, prediction: string, reference = "yes"): Example => ({
  id: `e${id}`,
  input: `input ${id}`,
  prediction,
  references: [reference],
  scores: null,
  logProbs: null,
  samples: null,
  latencyMs: null,
  outputTokens: null,
  group: null,
  attributes: new Map(),
  line: id + 1,
});

/** Right answers of this share; labels are yes and no by turns. */
const system = (n: number, share: number, seed: number): Example[] => {
  const random = new Random(seed);
  return Array.from({ length: n }, (_, i) => {
    const label = i % 2 === 0 ? "yes" : "no";
    const other = i % 2 === 0 ? "no" : "yes";
    return example(i, random.uniform() < share ? label : other, label);
  });
};

test("a better system is called better, with the exact test on accuracy", () => {
  const comparison = compareExamples(system(500, 0.7, 1), system(500, 0.85, 2), options);
  expect(comparison.verdict).toBe("better");
  const accuracy = comparison.metrics.find(({ name }) => name === "accuracy");
  expect(accuracy).toMatchObject({ test: "mcnemar-exact", verdict: "better" });
  expect(comparison.statement).toMatch(/^B is better than A: accuracy 0\.\d+ -> 0\.\d+, \+0\.1\d* \[/);
  expect(comparison.changed.fixed).toBeGreaterThan(comparison.changed.broken);
  const back = compareExamples(system(500, 0.85, 2), system(500, 0.7, 1), options);
  expect(back.verdict).toBe("worse");
});

test("equals show no difference, and what it would take is said", () => {
  const comparison = compareExamples(system(200, 0.8, 3), system(200, 0.8, 4), options);
  expect(comparison.verdict).toBe("no-difference-shown");
  expect(comparison.statement).toMatch(
    /These examples can show a difference of 0\.1\d* per example; for 0\.02 it takes \d+\./,
  );
  // sd of the difference of two independent answers at 80 %: sqrt(2 x .16) = .566; (2.8016 x .566 / .02)^2 = 6,280.
  const needed = comparison.power?.needed.find(({ difference }) => difference === 0.02)?.examples ?? 0;
  expect(needed).toBeGreaterThan(4_500);
  expect(needed).toBeLessThan(8_500);
});

test("only common examples count, each once, and what does not fit is said", () => {
  const a = [...system(50, 0.8, 5), example(3, "no"), example(900, "yes")];
  const b = system(40, 0.8, 6).map((one, i) => (i < 3 ? { ...one, references: ["other"] } : one));
  const { common, onlyA, onlyB, notes } = compareExamples(a, b, options);
  expect([common, onlyA, onlyB]).toEqual([40, 12, 0]);
  expect(notes.join(" ")).toContain("3 examples have other references");
});

test("another test set under the same ids is refused", () => {
  const other = system(60, 0.8, 7).map((one) => ({ ...one, references: [`${one.references[0]}!`] }));
  expect(() => compareExamples(system(60, 0.8, 7), other, options)).toThrow(/60 of 60 examples .* other right answers/);
});

test("files without a common id are no comparison", () => {
  const other = system(20, 0.8, 1).map((one) => ({ ...one, id: `x${one.id}` }));
  const comparison = compareExamples(system(20, 0.8, 1), other, options);
  expect(comparison.verdict).toBe("no-difference-shown");
  expect(comparison.statement).toContain("no example in common");
  expect(comparison.metrics).toEqual([]);
});

test("a handful of examples gets values and no tests", () => {
  const { metrics } = compareExamples(system(6, 0.5, 1), system(6, 1, 2), options);
  expect(metrics.length).toBeGreaterThan(0);
  expect(metrics.every(({ p, verdict }) => p === null && verdict === "no-difference-shown")).toBe(true);
});

test(
  "equals alarm in no more than 9 of 100 comparisons, and all other metrics together in no more",
  { timeout: 120_000 },
  () => {
    let [decided, others] = [0, 0];
    const fewer = { ...options, rounds: { randomizations: 200, resamples: 20 } };
    for (let i = 0; i < 100; i += 1) {
      const { verdict, metrics } = compareExamples(system(60, 0.75, 2 * i + 1), system(60, 0.75, 2 * i + 2), fewer);
      if (verdict !== "no-difference-shown") decided += 1;
      if (metrics.some((one) => one.name !== "accuracy" && one.verdict !== "no-difference-shown")) others += 1;
    }
    console.log(`of 100 comparisons of equals ${decided} alarm, and in other metrics ${others}`);
    expect(decided).toBeLessThanOrEqual(9);
    expect(others).toBeLessThanOrEqual(9);
  },
);

test("ids that come twice and missing predictions are said of the side that has them", () => {
  const a = [...system(30, 0.8, 5), example(3, "no"), example(3, "yes")];
  const b = system(30, 0.8, 6).map((one, i) => (i < 4 ? { ...one, prediction: null } : one));
  const { notes } = compareExamples(a, b, options);
  expect(notes).toEqual([
    "Rows of A with an id that came before: 2. Only the first row of each id is compared.",
    "Examples without a prediction in B: 4. They count as wrong.",
  ]);
  expect(compareExamples(system(30, 0.8, 5), system(30, 0.8, 6), options).notes).toEqual([]);
});
