import { describe, expect, test } from "vitest";
import type { ReadPredictions } from "../../model/evaluation.ts";
import type { Example, Task } from "../../model/example.ts";
import { Random } from "../../base/random.ts";
import type { DataContext } from "../data-check.ts";
import { dataFaults } from "./index.ts";

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

function found(rows: readonly Partial<Example>[], task: Task, context: Partial<DataContext> = {}): Map<string, number> {
  const examples = listed(rows);
  const faults = dataFaults.flatMap((check) => {
    const fault = check.look(examples, { task, trainingInputs: null, read: null, ...context });
    return fault === null ? [] : [[check.id, fault.count] as const];
  });
  return new Map(faults);
}

const labels = ["cat", "dog", "bird"];
/** Right in four of five, sure where it is right, in tidy labels: nothing is wrong with these data. */
const innocentLabels = (n: number): Partial<Example>[] => {
  const random = new Random(9);
  return Array.from({ length: n }, (_, i) => {
    const right = labels[i % 3] ?? "";
    const prediction = random.uniform() < 0.8 ? right : (labels[random.below(3)] ?? "");
    return { input: `picture ${i}`, prediction, references: [right] };
  });
};

const words = "the old house stands near a quiet river where children play after school every day".split(" ");
const sentence = (random: Random, length: number): string =>
  Array.from({ length }, () => words[random.below(words.length)] ?? "").join(" ");
const innocentTexts = (n: number): Partial<Example>[] => {
  const random = new Random(4);
  return Array.from({ length: n }, (_, i) => ({
    input: `Satz ${i}: ${sentence(random, 8)}`,
    prediction: sentence(random, 9),
    references: [`Ça va? “${sentence(random, 9)}” – très bien, Ângela! 20 °C, Ãtima.`],
  }));
};

describe("innocent data have no fault", () => {
  test("labels", () => expect(found(innocentLabels(300), "classification")).toEqual(new Map()));
  test("texts with accents, quotes and dashes", () =>
    expect(found(innocentTexts(300), "translation")).toEqual(new Map()));
  test("texts that a good model gets right to the letter, beside one that is nearly as good", () => {
    const random = new Random(1);
    const rows = innocentTexts(200).map((row) => ({
      ...row,
      prediction: random.uniform() < 0.85 ? (row.references?.[0] ?? "") : "something else altogether in this place",
      attributes: new Map([
        ["other system", random.uniform() < 0.7 ? (row.references?.[0] ?? "") : sentence(random, 9)],
      ]),
    }));
    expect(found(rows, "translation")).toEqual(new Map());
  });
  test("numbers", () => {
    const random = new Random(6);
    const rows = Array.from({ length: 50 }, () => ({ prediction: String(random.uniform()), references: ["0.5"] }));
    expect(found(rows, "regression")).toEqual(new Map());
  });
});

describe("each fault is found, and counted", () => {
  const rows = innocentLabels(100);
  const change = (index: number, row: Partial<Example>): Partial<Example>[] =>
    rows.map((each, i) => (i === index ? { ...each, ...row } : each));

  test("missing predictions and references", () => {
    expect(found(change(3, { prediction: null }), "classification")).toEqual(new Map([["missing-predictions", 1]]));
    expect(found(change(3, { references: [] }), "classification")).toEqual(new Map([["missing-references", 1]]));
  });

  test("an id that stands for two examples, but not epochs of one", () => {
    expect(found(change(3, { id: "1" }), "classification")).toEqual(new Map([["duplicate-ids", 1]]));
    const epochs = rows.map((row, i) => ({ ...row, id: String(i % 50), group: String(i % 50) }));
    expect(found(epochs, "classification")).toEqual(new Map());
  });

  test("an input that comes again, with the same label or another", () => {
    expect(found([...rows, ...rows.slice(0, 7)], "classification")).toEqual(new Map([["duplicated-inputs", 7]]));
    const again = [...rows, { ...rows[0], references: ["dog"], prediction: "dog" }];
    expect(found(again, "classification")).toEqual(new Map([["conflicting-labels", 1]]));
  });

  test.each([" Cat", "cat\n", "CAT", "cat."])("a label that is wrong by spelling alone: %j", (prediction) => {
    expect(found(change(0, { prediction, references: ["cat"] }), "classification")).toEqual(
      new Map([["untidy-labels", 1]]),
    );
  });

  test("numbers of classes that pandas wrote as 1.0", () => {
    const numbers = rows.map((_, i) => ({ input: `row ${i}`, prediction: `${i % 3}.0`, references: [String(i % 3)] }));
    expect(found(numbers, "classification").get("untidy-labels")).toBe(100);
  });

  test("labels of the model that no example has", () => {
    const foreign = rows.map((row, i) => ({ ...row, prediction: `LABEL_${i % 3}` }));
    expect(found(foreign, "classification")).toEqual(new Map([["foreign-labels", 100]]));
  });

  test.each(["CafÃ© au lait, trÃ¨s bon", "itâ€™s here", "20 Â°C", "caf\ufffd", "ï¿½"])("damaged text: %s", (text) => {
    const damaged = innocentTexts(100).map((row, i) => (i === 2 ? { ...row, references: [text] } : row));
    expect(found(damaged, "translation")).toEqual(new Map([["damaged-text", 1]]));
  });

  test("training data in the test, but for case and blanks", () => {
    const trainingInputs = new Set(["  Picture  7 ", "picture 8", "picture 1000"]);
    expect(found(rows, "classification", { trainingInputs })).toEqual(new Map([["training-overlap", 2]]));
  });

  test("references that were made from the system's output", () => {
    const random = new Random(8);
    const copied = innocentTexts(200).map((row, i) => ({
      ...row,
      prediction: i % 4 === 0 ? (row.references?.[0] ?? "") : (row.prediction ?? ""),
      attributes: new Map([["other system", i % 50 === 0 ? (row.references?.[0] ?? "") : sentence(random, 9)]]),
    }));
    expect(found(copied, "translation")).toEqual(new Map([["copied-references", 50]]));
  });

  test("labels that were exchanged are among those to look at first", () => {
    const random = new Random(3);
    const exchanged = new Set([5, 17, 40, 77]);
    const scored = Array.from({ length: 150 }, (_, i) => {
      const truth = i % 3;
      const sure = 0.75 + 0.2 * random.uniform();
      const scores = new Map(labels.map((label, k) => [label, k === truth ? sure : (1 - sure) / 2]));
      const given = exchanged.has(i) ? (truth + 1) % 3 : truth;
      return { input: `picture ${i}`, prediction: labels[truth] ?? "", references: [labels[given] ?? ""], scores };
    });
    const check = dataFaults.find(({ id }) => id === "likely-label-errors");
    const fault = check?.look(listed(scored), { task: "classification", trainingInputs: null, read: null });
    expect(fault?.examples.map(({ line }) => line - 1).every((i) => exchanged.has(i))).toBe(true);
    // One whose probability stays below what is usual of its true class is not doubted.
    expect(fault?.count).toBeGreaterThanOrEqual(2);
  });

  test("rows that could not be read", () => {
    const read: ReadPredictions = {
      path: "a.jsonl",
      form: "JSON lines",
      rows: 100,
      fields: [],
      rejected: { count: 3, examples: [{ line: 4, reason: "not JSON" }] },
      taskFrom: "given",
    };
    expect(found(rows, "classification", { read })).toEqual(new Map([["unreadable-rows", 3]]));
  });
});
