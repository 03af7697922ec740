/** Is B really better than A? Two sets of predictions for the same examples, metric by metric, with paired tests. */
import { AppError } from "../../base/errors.ts";
import { holm } from "../../base/multiple.ts";
import { Random } from "../../base/random.ts";
import type { ExampleComparison, MetricComparison } from "../../model/comparison.ts";
import type { Example, Task } from "../../model/example.ts";
import { toWire } from "../../model/number.ts";
import { errorMeasure } from "../evaluate/error-measure.ts";
import { measureAll } from "../evaluate/measure-all.ts";
import { unitsOf } from "../intervals/bootstrap.ts";
import { mostBlocks } from "../intervals/blocks.ts";
import { level } from "../intervals/interval.ts";
import type { Measure, MetricOptions, SumRows } from "../metric.ts";
import {
  approximateRandomization,
  bootstrapByWeights,
  bootstrapDifferences,
  mcnemarExact,
  pairedSums,
  randomizations,
  resamples,
  summarize,
} from "./paired-tests.ts";
import { powerOf } from "./power.ts";
import { statementOf } from "./statement.ts";

export interface CompareOptions {
  readonly task: Task;
  readonly metric: MetricOptions;
  /** Name of the metric that decides; chosen by the task when null. */
  readonly decideBy: string | null;
  readonly names: { readonly a: string; readonly b: string };
  readonly seed: number;
  /** Coins thrown and samples drawn for each test; see paired-tests.ts. */
  readonly rounds?: { readonly randomizations: number; readonly resamples: number };
}

/** Below this p, corrected for all tests, a difference is said to be there. */
const alpha = 0.05;

/** A metric without sums is computed anew in each resample: so many weights in all are some seconds. */
const mostWeights = 1e8;

export function compareExamples(
  a: readonly Example[],
  b: readonly Example[],
  options: CompareOptions,
): ExampleComparison {
  const { pairs, onlyA, onlyB, notes } = pairUp(a, b);
  const n = pairs.length;
  // Measured together, both have the same labels and columns; the first half of the rows is A's.
  const both = [...pairs.map(([one]) => one), ...pairs.map(([, other]) => other)];
  const { measures } = n === 0 ? { measures: [] } : measureAll(both, options.task, options.metric);
  const units = unitsOf(pairs.map(([{ group }]) => group));
  const deciding = measures.find(({ name }) => name === options.decideBy) ?? errorMeasure(options.task, measures);
  const each = measures.map((measure) => compareMeasure(measure, n, units, options));
  const compared = corrected(each, deciding?.name ?? null);
  const decision = compared.find(({ name }) => name === deciding?.name) ?? null;
  const errors = deciding?.errors ?? null;
  const differences = errors === null ? null : errors.subarray(n).map((error, i) => error - (errors[i] ?? Number.NaN));
  const comparison: Omit<ExampleComparison, "statement"> = {
    schema: "llmdbg.comparison/1",
    task: options.task,
    a: { name: options.names.a, n: a.length, seeds: 1 },
    b: { name: options.names.b, n: b.length, seeds: 1 },
    common: n,
    onlyA,
    onlyB,
    decidedBy: decision?.name ?? null,
    verdict: decision?.verdict ?? "no-difference-shown",
    metrics: compared,
    power: deciding === null || differences === null ? null : powerOf(deciding.name, differences, [0.05, 0.02, 0.01]),
    changed: changedOf(pairs, errors),
    notes,
  };
  return { ...comparison, statement: statementOf(comparison) };
}

interface Paired {
  readonly pairs: readonly (readonly [Example, Example])[];
  readonly onlyA: number;
  readonly onlyB: number;
  readonly notes: string[];
}

/** By id; an id that comes twice counts once, the first time. */
function pairUp(a: readonly Example[], b: readonly Example[]): Paired {
  const byId = new Map<string, Example>();
  for (const example of b) if (!byId.has(example.id)) byId.set(example.id, example);
  const seen = new Set<string>();
  const pairs: (readonly [Example, Example])[] = [];
  let otherReferences = 0;
  let otherInputs = 0;
  for (const example of a) {
    const other = byId.get(example.id);
    if (other === undefined || seen.has(example.id)) continue;
    seen.add(example.id);
    if (!sameTexts(example.references, other.references)) otherReferences += 1;
    if (example.input !== null && other.input !== null && example.input !== other.input) otherInputs += 1;
    pairs.push([example, other]);
  }
  if (otherReferences > pairs.length / 2)
    throw new AppError(
      "unreadable-input",
      `${otherReferences} of ${pairs.length} examples with the same id have other right answers in B than in A: these are different test sets, or rows in another order. Give both files the ids of the same examples, or both the same answers with --references.`,
    );
  const notes: string[] = [];
  if (otherReferences > 0)
    notes.push(
      `${otherReferences} examples have other references in B than in A: they are judged by different answers. Evaluate both on one file of references.`,
    );
  if (otherInputs > 0)
    notes.push(`${otherInputs} examples with the same id have other inputs: are these the same test set?`);
  notes.push(
    ...lacking(
      "A",
      a,
      pairs.map(([one]) => one),
    ),
    ...lacking(
      "B",
      b,
      pairs.map(([, other]) => other),
    ),
  );
  return { pairs, onlyA: a.length - pairs.length, onlyB: b.length - pairs.length, notes };
}

/** What of one side is left out or counts as wrong without being so: it would be blamed on the model. */
function lacking(side: string, all: readonly Example[], paired: readonly Example[]): string[] {
  const twice = all.length - new Set(all.map(({ id }) => id)).size;
  const silent = paired.filter(({ prediction }) => prediction === null).length;
  const notes: string[] = [];
  if (twice > 0)
    notes.push(`Rows of ${side} with an id that came before: ${twice}. Only the first row of each id is compared.`);
  if (silent > 0) notes.push(`Examples without a prediction in ${side}: ${silent}. They count as wrong.`);
  return notes;
}

const sameTexts = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((text, i) => text === b[i]);

type Units = ReturnType<typeof unitsOf>;

function compareMeasure(measure: Measure, n: number, units: Units, options: CompareOptions): MetricComparison {
  const first = weightsOf(n, 0);
  const valueA = measure.value(first);
  const valueB = measure.value(weightsOf(n, n));
  const seen = valueB - valueA;
  const stated = {
    name: measure.name,
    signature: measure.signature,
    better: measure.better,
    n: Math.round(measure.n / 2),
    a: toWire(valueA),
    b: toWire(valueB),
    difference: toWire(seen),
    level,
    corrected: null,
    verdict: "no-difference-shown" as const,
  };
  const tested = testOf({ measure, seen }, n, units, options);
  return { ...stated, ...tested };
}

type Tested = Pick<MetricComparison, "low" | "high" | "p" | "test">;

const usualRounds = { randomizations, resamples };

function testOf(
  { measure, seen }: { readonly measure: Measure; readonly seen: number },
  n: number,
  units: Units,
  { seed, rounds = usualRounds }: CompareOptions,
): Tested {
  const none: Tested = { low: null, high: null, p: null, test: "none" };
  if (units.count < fewestUnits || Number.isNaN(seen)) return none;
  if (measure.sums === null) {
    const draws = Math.max(200, Math.min(rounds.resamples, Math.floor(mostWeights / (2 * n))));
    const unitOf = Int32Array.from({ length: 2 * n }, (_, i) => units.of[i % n] ?? 0);
    const half = (from: number): Measure => ({
      ...measure,
      value: (weights) => measure.value(weights === null ? weightsOf(n, from) : masked(weights, n, from)),
    });
    const summary = summarize(
      bootstrapByWeights([half(0), half(n)], { of: unitOf, count: units.count }, seed, draws),
      seen,
    );
    return summary === null
      ? none
      : { low: toWire(summary.low), high: toWire(summary.high), p: summary.p, test: "paired-bootstrap" };
  }
  const { rows, value } = measure.sums;
  const rowsOfB: SumRows = {
    width: rows.width,
    add: (example, weight, to, at) => rows.add(n + example, weight, to, at),
  };
  const pairs = inBlocks(measure.sums, { rows: rowsOfB, value }, units, seed);
  const summary = summarize(bootstrapDifferences(pairs, seed, rounds.resamples), seen);
  const interval =
    summary === null ? { low: null, high: null } : { low: toWire(summary.low), high: toWire(summary.high) };
  const isShare = measure.proportion !== null && measure.errors !== null && units.count === n;
  if (isShare && measure.errors !== null) {
    const [onlyA, onlyB] = discordant(measure.errors, n);
    return { ...interval, p: mcnemarExact(onlyA, onlyB), test: "mcnemar-exact" };
  }
  return {
    ...interval,
    p: approximateRandomization(pairs, seed + 1, rounds.randomizations),
    test: "approximate-randomization",
  };
}

/** A test or an interval of fewer pairs would say more about the method than about the models. */
const fewestUnits = 10;

type Sums = NonNullable<Measure["sums"]>;

/**
 * Many units are put into blocks at random, which then are swapped and drawn whole: any grouping that does not look at the
 * answers leaves the test exact, and 10,000 examples take no longer than 2,000.
 */
function inBlocks(a: Sums, b: Sums, units: Units, seed: number): ReturnType<typeof pairedSums> {
  if (units.count <= mostBlocks) return pairedSums(a, b, units.of, units.count);
  const blockOf = Int32Array.from({ length: units.count }, (_, unit) => unit % mostBlocks);
  new Random(seed).shuffle(blockOf);
  return pairedSums(
    a,
    b,
    units.of.map((unit) => blockOf[unit] ?? 0),
    mostBlocks,
  );
}

const weightsOf = (n: number, from: number): Uint8Array =>
  Uint8Array.from({ length: 2 * n }, (_, i) => (i >= from && i < from + n ? 1 : 0));

const masked = (weights: ArrayLike<number>, n: number, from: number): Float64Array =>
  Float64Array.from({ length: 2 * n }, (_, i) => (i >= from && i < from + n ? (weights[i] ?? 0) : 0));

/** How many only A has right, and only B. */
function discordant(errors: Float64Array, n: number): readonly [number, number] {
  let [onlyA, onlyB] = [0, 0];
  for (let i = 0; i < n; i += 1) {
    const [a, b] = [errors[i] ?? Number.NaN, errors[n + i] ?? Number.NaN];
    if (a === 0 && b > 0) onlyA += 1;
    else if (b === 0 && a > 0) onlyB += 1;
  }
  return [onlyA, onlyB];
}

/**
 * The metric that decides was named before the test and is one test; all others are looked at beside it, and are
 * corrected by Holm for how many they are: a dozen that say nearly the same would else hide what the first one shows.
 */
function corrected(compared: readonly MetricComparison[], deciding: string | null): MetricComparison[] {
  const others = compared.filter(({ name, p }) => p !== null && name !== deciding);
  const holms = holm(others.map(({ p }) => p ?? 1));
  const by = new Map(others.map(({ name }, i) => [name, holms[i] ?? 1]));
  return compared.map((one) => {
    const p = one.name === deciding ? one.p : (by.get(one.name) ?? null);
    if (p === null || p > alpha) return { ...one, corrected: p };
    const isUp = Number(one.difference) > 0;
    return { ...one, corrected: p, verdict: isUp === (one.better === "higher") ? "better" : "worse" };
  });
}

function changedOf(
  pairs: readonly (readonly [Example, Example])[],
  errors: Float64Array | null,
): ExampleComparison["changed"] {
  const fixed: number[] = [];
  const broken: number[] = [];
  const n = pairs.length;
  const change = (i: number): number => (errors?.[n + i] ?? 0) - (errors?.[i] ?? 0);
  if (errors !== null)
    for (let i = 0; i < n; i += 1) {
      if (change(i) < 0) fixed.push(i);
      else if (change(i) > 0) broken.push(i);
    }
  const ids = (some: number[]): string[] =>
    some
      .toSorted((x, y) => Math.abs(change(y)) - Math.abs(change(x)))
      .slice(0, 10)
      .map((i) => pairs[i]?.[0].id ?? "");
  return {
    fixed: fixed.length,
    broken: broken.length,
    fixedExamples: ids(fixed),
    brokenExamples: ids(broken),
  };
}
