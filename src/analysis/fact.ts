import type { Scalar } from "../model/config.ts";
import type { LogRecord } from "../model/record.ts";
import type { RunInfo, SeriesData } from "./run-data.ts";
import type { Signal } from "./signals.ts";

/**
 * What a fact may read of a run. Every call is noted, so that after an append only those facts
 * are derived again whose inputs changed. Read nothing of the run in any other way.
 */
export interface RunView {
  /** All series that carry this signal, e.g. `loss`; empty when there is none. */
  series(signal: Signal): readonly SeriesData[];
  /** The first of these configuration keys that is set. Matches the last dotted part too: `lr` finds `optimizer.lr`. */
  config(...keys: readonly string[]): Scalar | undefined;
  /** All keys of the configuration, in its order. */
  configKeys(): Iterable<string>;
  records(): readonly LogRecord[];
  info(): RunInfo;
  /** Milliseconds since the epoch; null for a run that is over. A fact that asks is derived at every diagnosis. */
  clock(): number | null;
}

export type Get = <T>(fact: Fact<T>) => T | undefined;

/**
 * A derived quantity shared by rules, memoised by identity. `derive` is pure.
 * `undefined` means that the run holds no data for it; rules that need it are then not applicable.
 * `id` is what a person reads under "missing": name the data and how to supply it, e.g. "grad_norm".
 */
export interface Fact<T> {
  readonly id: string;
  derive(run: RunView, get: Get): T | undefined;
  /** Whether two values say the same; then the one from before is kept, and what depends on it is not derived again. */
  same?(before: T, now: T): boolean;
}

export const defineFact = <T>(fact: Fact<T>): Fact<T> => fact;

/** A fact that a rule can use but does not need: `undefined` becomes `null` and never makes a rule not applicable. */
export function optional<T>(fact: Fact<T>): Fact<T | null> {
  const known = optionals.get(fact);
  if (known !== undefined) return known as Fact<T | null>;
  const made: Fact<T | null> = { id: fact.id, derive: (_run, get) => get(fact) ?? null };
  optionals.set(fact, made);
  return made;
}

const optionals = new WeakMap<object, Fact<unknown>>();
