import { describe, expect, test } from "vitest";
import { Random } from "../../base/random.ts";
import type { Evaluation } from "../../model/evaluation.ts";
import type { Example, Task } from "../../model/example.ts";
import { defaultMetricOptions } from "../metric.ts";
import { evaluate } from "./evaluate.ts";
import { guessTask } from "./task.ts";

const plain: Example = {
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

const listed = (rows: readonly Partial<Example>[]): Example[] =>
  rows.map((row, i) => ({ ...plain, id: String(i + 1), line: i + 1, ...row }));

const evaluated = (rows: readonly Partial<Example>[], task: Task): Evaluation =>
  evaluate(listed(rows), { task, metric: defaultMetricOptions, read: null, trainingInputs: null, seed: 1 });

const guess = (rows: readonly Partial<Example>[], fields: Readonly<Record<string, string>> = {}): Task =>
  guessTask(listed(rows), new Map(Object.entries(fields))).task;

describe("the task is told from the data", () => {
  const many = (row: (i: number) => Partial<Example>): Partial<Example>[] =>
    Array.from({ length: 40 }, (_, i) => row(i));
  const german = "der alte Bäcker sieht heute am Bahnhof die kleinen Kinder und kauft ihnen frisches Brot".split(" ");
  const english = "the old baker sees the small children at the station today and buys fresh bread for them".split(" ");
  test.each<[Task, Partial<Example>[], Record<string, string>]>([
    ["classification", many((i) => ({ prediction: "a", references: [i % 3 === 0 ? "pos" : "neg"] })), {}],
    ["classification", many((i) => ({ prediction: "1", references: [String(i % 5)] })), {}],
    [
      "classification",
      many((i) => ({ input: `Is ${i} even?`, prediction: "yes", references: [i % 2 === 0 ? "yes" : "no"] })),
      { input: "question" },
    ],
    ["regression", many((i) => ({ prediction: "0.1", references: [String(i * 0.37)] })), {}],
    ["multilabel", many(() => ({ prediction: ["a", "b"], references: ["a"] })), {}],
    [
      "translation",
      many((i) => ({
        input: `${english.slice(i % 5).join(" ")}.`,
        prediction: "x",
        references: [`${german.slice(i % 5).join(" ")}.`],
      })),
      {},
    ],
    [
      "summarization",
      many((i) => ({
        input: `${english.join(" ")} ${i} `.repeat(9),
        prediction: "x",
        references: [`${english.slice(0, 9).join(" ")} ${i}`],
      })),
      {},
    ],
    [
      "question-answering",
      many((i) => ({ input: `Who sees child ${i}?`, prediction: "x", references: [`the baker ${i}`] })),
      {},
    ],
    [
      "generation",
      many((i) => ({
        input: "Write about bread.",
        prediction: "x",
        references: [`${english.join(" ")} ${i}. `.repeat(4)],
      })),
      {},
    ],
    ["generation", many(() => ({ samples: { count: 5, passed: 2 } })), {}],
    ["language-modeling", many(() => ({ logProbs: [-1, -2] })), {}],
    [
      "speech",
      many((i) => ({ prediction: "x", references: [`words that were said ${i}`] })),
      { reference: "transcription" },
    ],
  ])("%s", (task, rows, fields) => expect(guess(rows, fields)).toBe(task));
});

describe("advice follows from errors, and only from them", () => {
  const ids = ({ advice }: Evaluation): string[] => advice.map(({ id }) => id);
  const right = (i: number): Partial<Example> => ({
    input: `Sentence ${i} of the input.`,
    prediction: `This is answer number ${i}, and it is a good one.`,
    references: [`This is answer number ${i}, and it is a good one.`],
  });

  test("a model that is right is left alone", () =>
    expect(
      ids(
        evaluated(
          Array.from({ length: 100 }, (_, i) => right(i)),
          "generation",
        ),
      ),
    ).toEqual([]));

  test("outputs that break off", () => {
    const rows = Array.from({ length: 100 }, (_, i) =>
      i % 10 === 0 ? { ...right(i), prediction: "This is answer" } : right(i),
    );
    const evaluation = evaluated(rows, "generation");
    expect(evaluation.errors.groups).toMatchObject([{ id: "cut-short", count: 10 }]);
    expect(evaluation.advice[0]).toMatchObject({ id: "longer-outputs", changes: [{ key: "max_new_tokens" }] });
    // One alone is an accident.
    expect(ids(evaluated(rows.slice(1, 15), "generation"))).not.toContain("longer-outputs");
  });

  test("outputs that the log says were stopped name their limit", () => {
    const rows = Array.from({ length: 50 }, (_, i) => ({
      ...right(i),
      ...(i % 5 === 0
        ? { prediction: "no end", outputTokens: 64, attributes: new Map([["stop reason", "max_tokens"]]) }
        : {}),
    }));
    expect(evaluated(rows, "generation").advice[0]?.changes).toEqual([{ key: "max_new_tokens", from: 64, to: 128 }]);
  });

  test("outputs that go round in a loop", () => {
    const rows = Array.from({ length: 100 }, (_, i) =>
      i % 10 === 0 ? { ...right(i), prediction: "and so it goes ".repeat(20) } : right(i),
    );
    expect(ids(evaluated(rows, "generation"))).toContain("no-loops");
  });

  test("a rare class that is not recognised, and not one that is", () => {
    const labelled = (hits: number): Partial<Example>[] =>
      Array.from({ length: 200 }, (_, i) => {
        const isRare = i % 10 === 0;
        return {
          prediction: isRare && i / 10 < hits ? "rare" : isRare ? "usual" : "usual",
          references: [isRare ? "rare" : "usual"],
        };
      });
    expect(ids(evaluated(labelled(3), "classification"))).toContain("class-weights");
    expect(ids(evaluated(labelled(19), "classification"))).not.toContain("class-weights");
  });

  test("another threshold, where it helps on examples that did not choose it", () => {
    const random = new Random(3);
    const scored = (shift: number): Partial<Example>[] =>
      Array.from({ length: 600 }, () => {
        const isPositive = random.uniform() < 0.5;
        const score = Math.min(
          0.99,
          Math.max(0.01, (isPositive ? 0.62 : 0.38) + 0.3 * (random.uniform() - 0.5) - shift),
        );
        const scores = new Map([
          ["yes", score],
          ["no", 1 - score],
        ]);
        return { prediction: score >= 0.5 ? "yes" : "no", references: [isPositive ? "yes" : "no"], scores };
      });
    expect(ids(evaluated(scored(0.2), "classification"))).toContain("threshold");
    expect(ids(evaluated(scored(0), "classification"))).not.toContain("threshold");
  });
});

test("labels that are confused are counted in each direction", () => {
  const rows = ["dog", "dog", "dog", "cat"].map((label, i) => ({
    prediction: i === 2 ? "dog" : label === "dog" ? "cat" : "dog",
    references: [label],
  }));
  expect(evaluated(rows, "classification").errors.groups.map(({ title, count }) => [title, count])).toEqual([
    ["dog taken for cat", 2],
    ["cat taken for dog", 1],
  ]);
});

test("metrics that lack something say what", () => {
  const { notApplicable } = evaluated([{ prediction: "a" }], "classification");
  expect(notApplicable.find(({ metric }) => metric === "accuracy")?.missing).toEqual(["references"]);
});

test("a planted kind of input is found, and not that right and predicted label differ", () => {
  const random = new Random(2);
  const rows = Array.from({ length: 800 }, (_, i) => {
    const isNegated = random.uniform() < 0.25;
    const right = random.uniform() < 0.5 ? "good" : "bad";
    const isWrong = random.uniform() < (isNegated ? 0.35 : 0.08);
    const prediction = isWrong ? (right === "good" ? "bad" : "good") : right;
    return {
      input: `The film was ${isNegated ? "not" : "all"} what I hoped for. ${i}`,
      prediction,
      references: [right],
    };
  });
  const { slices, advice } = evaluated(rows, "classification");
  expect(slices.map(({ where }) => where)).toEqual([[{ attribute: "negation in the input", value: "yes" }]]);
  expect(advice.map(({ id }) => id)).toEqual(["data-of-slice"]);
});
