/** Sequences of labels, log-probabilities and counts of samples to compare implementations on, with a fixed seed. */
import { random } from "../../src/analysis/synthetic.fixture.ts";

export interface SpanSet {
  readonly name: string;
  readonly hypotheses: readonly (readonly string[])[];
  readonly references: readonly (readonly string[])[];
}

/** Labels that need not be well formed: an I without B, kinds that change within a span, hyphens in kinds. */
export function labelSequences(name: string, seed: number, labels: readonly string[]): SpanSet {
  const next = random(seed);
  const label = (): string => labels[next.integer(0, labels.length - 1)] ?? "O";
  const references = Array.from({ length: 120 }, () => Array.from({ length: next.integer(1, 20) }, label));
  const hypotheses = references.map((own) => own.map((right) => (next.uniform() < 0.15 ? label() : right)));
  return { name, hypotheses, references };
}

export interface ScoredSet {
  readonly name: string;
  readonly logProbs: readonly (readonly number[])[];
  readonly texts: readonly string[];
}

export function scoredTexts(name: string, seed: number, texts: readonly string[], worst: number): ScoredSet {
  const next = random(seed);
  const logProbs = texts.map(() =>
    Array.from({ length: next.integer(1, 40) }, () => -1e-6 - worst * next.uniform() ** 3),
  );
  return { name, logProbs, texts };
}

export interface SampleSet {
  readonly name: string;
  readonly counts: readonly number[];
  readonly passed: readonly number[];
  readonly ks: readonly number[];
}

export function sampleCounts(
  name: string,
  seed: number,
  range: readonly [number, number],
  ks: readonly number[],
): SampleSet {
  const next = random(seed);
  const counts = Array.from({ length: 164 }, () => next.integer(...range));
  return { name, counts, passed: counts.map((count) => next.integer(0, count)), ks };
}
