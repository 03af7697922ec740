import type { Task } from "../../src/model/example.ts";
import { Random } from "../../src/base/random.ts";

/** One data set in the form that both sides read. */
export interface Case {
  readonly name: string;
  readonly task: Task;
  readonly truth: readonly (string | number | readonly string[])[];
  readonly predicted: readonly (string | number | readonly string[] | null)[];
  readonly labels: readonly string[];
  /** Of the positive class, or of each label; null: none. */
  readonly scores: readonly (number | readonly number[])[] | null;
  readonly probable: boolean;
  readonly positive: string | null;
  /** How often each example is drawn in the resample that is compared as well. */
  readonly weights: readonly number[];
}

const pick = <T>(values: readonly T[], draw: number): T => {
  const value = values[Math.min(values.length - 1, Math.floor(draw * values.length))];
  if (value === undefined) throw new Error("nothing to pick from");
  return value;
};

/** Every second example twice, every third not at all: the same for all. */
const weightsOf = (n: number): readonly number[] =>
  Array.from({ length: n }, (_, i) => (i % 3 === 2 ? 0 : 1 + (i % 2)));

type Classes = { name: string; seed: number; n: number; labels: readonly string[]; digits?: number; missing?: number };

/** Classes with probabilities that say more than nothing; `digits` rounds them, which makes ties. */
function classes({ name, seed, n, labels, digits, missing = 0 }: Classes): Case {
  const random = new Random(seed);
  const draw = (): number => random.uniform();
  const truth = Array.from({ length: n }, (_, i) => labels[i] ?? pick(labels, draw() ** 1.5));
  const round = (value: number): number =>
    digits === undefined ? value : Math.floor(value * 10 ** digits) / 10 ** digits;
  const scores = truth.map((right) => {
    const raw = labels.map((label) => Math.exp(2 * draw() + (label === right ? 1 : 0)));
    const total = raw.reduce((a, b) => a + b, 0);
    const rounded = raw.map((value) => round(value / total));
    // scikit-learn asks for rows that sum to 1.
    const last = rounded.length - 1;
    return rounded.map((value, i) =>
      i === last ? Math.max(0, 1 - rounded.slice(0, last).reduce((a, b) => a + b, 0)) : value,
    );
  });
  const predicted = scores.map((row) => (draw() < missing ? null : (labels[row.indexOf(Math.max(...row))] ?? null)));
  return {
    name,
    task: "classification",
    truth,
    predicted,
    labels,
    scores,
    probable: true,
    positive: null,
    weights: weightsOf(n),
  };
}

type Binary = {
  name: string;
  seed: number;
  n: number;
  labels: readonly [string, string];
  positive: string;
  digits: number;
};

function binary({ name, seed, n, labels, positive, digits }: Binary): Case {
  const random = new Random(seed);
  const draw = (): number => random.uniform();
  const negative = labels[0] === positive ? labels[1] : labels[0];
  const truth = Array.from({ length: n }, (_, i) => (i === 0 || draw() < 0.3 ? positive : negative));
  const scores = truth.map((right) =>
    Number(Math.min(1, Math.max(0, draw() + (right === positive ? 0.2 : -0.2))).toFixed(digits)),
  );
  const predicted = scores.map((score) => (score >= 0.5 ? positive : negative));
  return {
    name,
    task: "classification",
    truth,
    predicted,
    labels,
    scores,
    probable: true,
    positive,
    weights: weightsOf(n),
  };
}

const small = (name: string, rest: Pick<Case, "truth" | "predicted" | "labels"> & Partial<Case>): Case => ({
  name,
  task: "classification",
  scores: null,
  probable: true,
  positive: null,
  weights: weightsOf(rest.truth.length),
  ...rest,
});

function sets(name: string, seed: number, n: number): Case {
  const random = new Random(seed);
  const draw = (): number => random.uniform();
  const labels = ["animal", "city", "night", "water"];
  const truth = Array.from({ length: n }, (_, i) => {
    const some = labels.filter(() => draw() < 0.4);
    return some.length > 0 ? some : [pick(labels, (i % 4) / 4)];
  });
  const scores = truth.map((right) =>
    labels.map((label) => Number((draw() + (right.includes(label) ? 0.5 : 0)).toFixed(1))),
  );
  const predicted = scores.map((row) => labels.filter((_, i) => (row[i] ?? 0) > 0.7));
  return { ...small(name, { truth, predicted, labels }), task: "multilabel", scores };
}

function quantities(name: string, seed: number, truthOf: (draw: () => number, i: number) => number): Case {
  const random = new Random(seed);
  const draw = (): number => random.uniform();
  const truth = Array.from({ length: 200 }, (_, i) => truthOf(draw, i));
  const predicted = truth.map((right) => right + (draw() - 0.4) * 3);
  return { ...small(name, { truth, predicted, labels: [] }), task: "regression" };
}

/** In the order of code points, which UTF-16 units would sort otherwise. */
const animals = ["bird", "cat", "dog", "élan", "\uffeelast", "𝔽ish"];

export const cases: readonly Case[] = [
  binary({ name: "two classes, ties", seed: 1, n: 300, labels: ["no", "yes"], positive: "yes", digits: 1 }),
  binary({ name: "two classes, no ties", seed: 2, n: 500, labels: ["0", "1"], positive: "1", digits: 9 }),
  binary({ name: "neither looks positive", seed: 3, n: 400, labels: ["ham", "spam"], positive: "spam", digits: 2 }),
  small("the four scores of the reference", {
    truth: ["0", "1", "0", "1"],
    predicted: ["0", "1", "0", "1"],
    labels: ["0", "1"],
    scores: [0.5, 0.5, 0.2, 0.9],
    positive: "1",
    weights: [1, 1, 1, 1],
  }),
  small("certain and wrong", {
    truth: ["0", "1"],
    predicted: ["0", "0"],
    labels: ["0", "1"],
    scores: [0, 0],
    positive: "1",
    weights: [1, 1],
  }),
  small("raw scores, not probabilities", {
    truth: ["a", "b", "a", "b", "b"],
    predicted: ["a", "b", "b", "b", "a"],
    labels: ["a", "b"],
    scores: [-3, 4, 7, 7, -1],
    probable: false,
    positive: "a",
  }),
  classes({ name: "three classes", seed: 4, n: 250, labels: ["10", "2", "3"] }),
  classes({ name: "six classes, ties, letters beyond ASCII", seed: 5, n: 400, labels: animals, digits: 1 }),
  classes({
    name: "twelve classes",
    seed: 6,
    n: 600,
    labels: Array.from({ length: 12 }, (_, i) => String.fromCodePoint(97 + i)),
  }),
  classes({
    name: "eight classes, coarse scores",
    seed: 16,
    n: 300,
    labels: ["a", "b", "c", "d", "e", "f", "g", "h"],
    digits: 2,
  }),
  classes({ name: "missing predictions", seed: 7, n: 200, labels: ["x", "y", "z"], missing: 0.2 }),
  small("constant prediction", {
    truth: ["a", "b", "c", "a"],
    predicted: ["a", "a", "a", "a"],
    labels: ["a", "b", "c"],
  }),
  small("single class, all right", {
    truth: ["1", "1", "1"],
    predicted: ["1", "1", "1"],
    labels: ["1"],
    positive: "1",
  }),
  small("never predicted, never right", {
    truth: ["a", "a", "b", "b"],
    predicted: ["c", "d", "c", "d"],
    labels: ["a", "b", "c", "d"],
  }),
  small("scores without a positive", {
    truth: ["0", "0", "0"],
    predicted: ["0", "1", "0"],
    labels: ["0", "1"],
    scores: [0.1, 0.8, 0.4],
    positive: "1",
  }),
  sets("labels of pictures", 8, 150),
  sets("labels of few pictures", 9, 30),
  sets("labels of many pictures", 10, 700),
  quantities("small numbers", 11, (draw) => draw() * 10),
  quantities("far from zero", 12, (draw) => 1e6 + draw() * 10),
  quantities("skewed", 13, (draw) => Math.exp(4 * draw())),
  quantities("constant truth", 14, () => 3),
  { ...small("exact and constant", { truth: [2, 2, 2], predicted: [2, 2, 2], labels: [] }), task: "regression" },
];
