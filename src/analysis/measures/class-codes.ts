import type { Example, Task } from "../../model/example.ts";
import type { Weights } from "../metric.ts";
import { predictedLabel, rightLabel, sortedLabels } from "./labels.ts";

/**
 * Labels as numbers. Of example i the right ones are `truth[from..to]` with `from = truthStart[i]`, `to = truthStart[i + 1]`,
 * and so are the predicted ones; `counts[i]` is 0 where no right label is given.
 */
export interface ClassCodes {
  readonly labels: readonly string[];
  readonly truth: Int32Array;
  readonly truthStart: Int32Array;
  readonly predicted: Int32Array;
  readonly predictedStart: Int32Array;
  readonly counts: Uint8Array;
  /** Examples that count. */
  readonly n: number;
}

/** Sums over examples, per class; `total` examples, of which `missing` have no prediction. */
export interface ClassTotals {
  readonly hits: Float64Array;
  readonly predicted: Float64Array;
  readonly actual: Float64Array;
  readonly total: number;
  readonly missing: number;
}

const one = (label: string | null): readonly string[] => (label === null ? [] : [label]);

const predictedSet = ({ prediction }: Example): readonly string[] =>
  typeof prediction === "string" || prediction === null ? one(prediction) : [...new Set(prediction)];

/** Of the same examples for all metrics that count classes. */
const known = new WeakMap<readonly Example[], Map<boolean, ClassCodes>>();

export function classCodes(examples: readonly Example[], task: Task): ClassCodes {
  const isSet = task === "multilabel";
  const ofExamples = known.get(examples) ?? new Map<boolean, ClassCodes>();
  known.set(examples, ofExamples);
  const codes = ofExamples.get(isSet) ?? encodeClasses(examples, isSet);
  ofExamples.set(isSet, codes);
  return codes;
}

function encodeClasses(examples: readonly Example[], isSet: boolean): ClassCodes {
  const truths = examples.map((example) => (isSet ? [...new Set(example.references)] : one(rightLabel(example))));
  const predictions = examples.map((example, index) => {
    if (truths[index]?.length === 0) return [];
    return isSet ? predictedSet(example) : one(predictedLabel(example));
  });
  const seen = new Set<string>();
  for (const labels of [...truths, ...predictions]) for (const label of labels) seen.add(label);
  const labels = sortedLabels(seen);
  const codeOf = new Map(labels.map((label, code) => [label, code]));
  const [truth, truthStart] = encode(truths, codeOf);
  const [predicted, predictedStart] = encode(predictions, codeOf);
  const counts = Uint8Array.from(truths, ({ length }) => (length > 0 ? 1 : 0));
  return { labels, truth, truthStart, predicted, predictedStart, counts, n: counts.reduce((a, b) => a + b, 0) };
}

function encode(
  sets: readonly (readonly string[])[],
  codeOf: ReadonlyMap<string, number>,
): readonly [codes: Int32Array, start: Int32Array] {
  const start = new Int32Array(sets.length + 1);
  sets.forEach((set, index) => {
    start[index + 1] = (start[index] ?? 0) + set.length;
  });
  const codes = new Int32Array(start[sets.length] ?? 0);
  let place = 0;
  for (const set of sets)
    for (const label of set) {
      codes[place] = codeOf.get(label) ?? -1;
      place += 1;
    }
  return [codes, start];
}

export function classTotals(codes: ClassCodes, weights: Weights | null): ClassTotals {
  const { truth, truthStart, predicted, predictedStart, counts } = codes;
  const classes = codes.labels.length;
  const totals = {
    hits: new Float64Array(classes),
    predicted: new Float64Array(classes),
    actual: new Float64Array(classes),
    total: 0,
    missing: 0,
  };
  for (let example = 0; example < counts.length; example += 1) {
    const weight = weights === null ? 1 : (weights[example] ?? 0);
    if (weight === 0 || counts[example] === 0) continue;
    totals.total += weight;
    const [from, to] = [truthStart[example] ?? 0, truthStart[example + 1] ?? 0];
    const [first, last] = [predictedStart[example] ?? 0, predictedStart[example + 1] ?? 0];
    if (first === last) totals.missing += weight;
    for (let i = from; i < to; i += 1) add(totals.actual, truth[i], weight);
    for (let j = first; j < last; j += 1) {
      add(totals.predicted, predicted[j], weight);
      for (let i = from; i < to; i += 1) if (truth[i] === predicted[j]) add(totals.hits, predicted[j], weight);
    }
  }
  return totals;
}

function add(sums: Float64Array, code: number | undefined, weight: number): void {
  if (code !== undefined) sums[code] = (sums[code] ?? 0) + weight;
}
