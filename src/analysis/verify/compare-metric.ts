import { mean, median } from "../../base/statistics.ts";
import { countSeeds } from "./distinct-runs.ts";
import { leastRuns, level, pairedDifference, unpairedDifference, type Difference } from "./few-runs.ts";
import type { Metric } from "./metric.ts";
import { commonStep, noiseFloor, startOf, trackOf, valueOf, type RunValue } from "./values.ts";
import type { Seeded } from "./judged-run.ts";

export interface MetricComparison {
  readonly metric: Metric;
  readonly step: number | null;
  /** In the order of the runs. */
  readonly beforeValues: readonly RunValue[];
  readonly afterValues: readonly RunValue[];
  /** The values that were compared. */
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly pairs: number;
  readonly difference: Difference;
  readonly level: number;
  readonly floor: number;
  readonly state: "better" | "worse" | "no-difference" | "too-few";
  /** No difference, and the interval leaves no room for one that matters. */
  readonly isSmall: boolean;
}

/** An improvement below this share of the value before is none that matters. */
export const smallShare = 0.01;

/**
 * Runs that follow each other share what else the machine does, so speeds of three seeds are not three
 * independent measurements. A difference of speed counts only beyond this share.
 */
const loadShare = 0.05;

export function compareMetric(
  beforeRuns: readonly Seeded[],
  afterRuns: readonly Seeded[],
  metric: Metric,
  at: number | "end" | undefined,
): MetricComparison {
  const tracks = [...beforeRuns, ...afterRuns].flatMap(({ run }) => trackOf(run.data, metric.series) ?? []);
  const step = at === "end" ? null : (at ?? commonStep(tracks, metric) ?? null);
  const read = ({ run }: Seeded): RunValue => valueOf(run.data, metric, step);
  const starts = [...beforeRuns, ...afterRuns].flatMap(({ run }) => startOf(run.data, metric) ?? []);
  const beforeValues = beforeRuns.map(read).map((value) => neverFinite(value, starts));
  const afterValues = afterRuns.map(read).map((value) => neverFinite(value, starts));
  const floor = noiseFloor([...beforeValues, ...afterValues]);
  const pairs = pairsOf(beforeRuns, beforeValues, afterRuns, afterValues);
  // Pairs, where there are enough: the same seed has the same first weights and order of data on both sides.
  const isPaired =
    pairs.length >= leastRuns || pairs.length === Math.min(countSeeds(beforeRuns), countSeeds(afterRuns));
  const before = isPaired ? pairs.map(({ from }) => from) : onePerSeed(beforeRuns, beforeValues);
  const after = isPaired ? pairs.map(({ to }) => to) : onePerSeed(afterRuns, afterValues);
  const difference = isPaired
    ? pairedDifference(
        pairs.map(({ from, to }) => to - from),
        floor,
      )
    : unpairedDifference(before, after, floor);
  return {
    metric,
    step,
    beforeValues,
    afterValues,
    before,
    after,
    pairs: pairs.length,
    difference,
    level,
    floor,
    ...judged(difference, metric, before),
  };
}

/** A run whose every value is NaN learned nothing: it stands where the others began. */
const neverFinite = (value: RunValue, starts: readonly number[]): RunValue =>
  value.value !== undefined || !value.isLogged || starts.length === 0
    ? value
    : { ...value, value: median(starts), note: "never finite: counted as where the other runs began" };

function judged(
  { mean: shift, interval, p }: Difference,
  { better, isSpeed }: Metric,
  before: readonly number[],
): Pick<MetricComparison, "state" | "isSmall"> {
  if (interval === null || Number.isNaN(shift)) return { state: "too-few", isSmall: false };
  const [low, high] = interval;
  const margin = isSpeed ? loadShare * Math.abs(mean(before)) : 0;
  const isCertain = (low > margin || high < -margin) && (p === null || p <= 1 - level);
  if (isCertain) return { state: shift < 0 === (better === "lower") ? "better" : "worse", isSmall: false };
  const best = better === "lower" ? -low : high;
  return { state: "no-difference", isSmall: best <= smallShare * Math.abs(mean(before)) };
}

interface Pair {
  readonly from: number;
  readonly to: number;
}

/** Runs of the same seed; a seed that is there several times on a side stands for itself with its mean. */
function pairsOf(
  beforeRuns: readonly Seeded[],
  beforeValues: readonly RunValue[],
  afterRuns: readonly Seeded[],
  afterValues: readonly RunValue[],
): Pair[] {
  const from = bySeed(beforeRuns, beforeValues);
  const to = bySeed(afterRuns, afterValues);
  return [...from].flatMap(([seed, values]) => {
    const others = to.get(seed);
    return others === undefined ? [] : [{ from: mean(values), to: mean(others) }];
  });
}

function bySeed(runs: readonly Seeded[], values: readonly RunValue[]): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  for (const [i, { seed }] of runs.entries()) {
    const value = values[i]?.value;
    if (seed !== null && value !== undefined) groups.set(String(seed), [...(groups.get(String(seed)) ?? []), value]);
  }
  return groups;
}

/** One value a seed, and one for each run whose seed is unknown: runs of one seed are not independent. */
const onePerSeed = (runs: readonly Seeded[], values: readonly RunValue[]): number[] => [
  ...[...bySeed(runs, values).values()].map((of) => mean(of)),
  ...values.flatMap(({ value }, i) => (runs[i]?.seed === null && value !== undefined ? [value] : [])),
];
