/** The value of a metric that stands for a run, so that runs can be compared fairly. */
import { at, mean, median } from "../../base/statistics.ts";
import type { RunData } from "../run-data.ts";
import { trainLoss } from "../signals.ts";
import type { Metric } from "./metric.ts";

/** Points by step, the last one that came for a step winning: after a resume the later one is in force. */
export interface Track {
  readonly step: readonly number[];
  readonly value: readonly number[];
}

export function trackOf(run: RunData, series: string): Track | undefined {
  for (const one of run.series) {
    if (one.id !== series || one.length === 0) continue;
    const byStep = new Map<number, number>();
    for (let i = 0; i < one.length; i++) byStep.set(at(one.step, i), at(one.value, i));
    const step = [...byStep.keys()].sort((a, b) => a - b);
    return { step, value: step.map((s) => byStep.get(s) ?? Number.NaN) };
  }
  return undefined;
}

/**
 * The step at which runs are compared: the last one that all of them evaluated, if that is in the second half of the
 * shortest run, else the last step of the shortest. A longer run is not better because it is longer.
 */
export function commonStep(tracks: readonly Track[], { reading }: Metric): number | undefined {
  const ends = tracks.map(({ step }) => at(step, step.length - 1));
  const shortest = Math.min(...ends);
  if (ends.length === 0 || !Number.isFinite(shortest)) return undefined;
  if (reading === "streamed") return shortest;
  const [first, ...others] = tracks.map(({ step }) => new Set(step));
  const common = [...(first ?? [])].filter((s) => s <= shortest && others.every((steps) => steps.has(s)));
  const last = Math.max(...common);
  return last >= shortest / 2 ? last : shortest;
}

/** A streamed value is the mean of this share of the rows, at least `leastRows`: one batch says little. */
const tailShare = 0.1;
const leastRows = 5;

export interface RunValue {
  /** Undefined when the run has none. */
  readonly value: number | undefined;
  readonly note: string | null;
  /** Whether the run has points of the metric up to that step, finite or not. */
  readonly isLogged: boolean;
  /** Standard deviation of `value` as the curve's own jitter tells it; NaN when there are too few points. */
  readonly noise: number;
}

/**
 * At `step`, or at the run's end. A loss that is not finite or above where it began counts as the
 * loss it began with: such a run learned nothing, and how far it flew off says nothing. This can
 * only make differences smaller.
 */
export function valueOf(run: RunData, metric: Metric, step: number | null): RunValue {
  const track = trackOf(run, metric.series);
  if (track === undefined) return { value: undefined, note: "not logged", isLogged: false, noise: Number.NaN };
  const within = step === null ? track.step.length : track.step.filter((s) => s <= step).length;
  const values = track.value.slice(0, within);
  if (values.length === 0) return { value: undefined, note: "not logged so early", isLogged: false, noise: Number.NaN };
  const taken =
    metric.reading === "evaluated"
      ? values.slice(-1)
      : values.slice(-Math.max(leastRows, Math.ceil(tailShare * within)));
  const value = mean(taken);
  const start = startOf(run, metric);
  if (!Number.isFinite(value))
    return {
      value: start,
      note: start === undefined ? "not finite" : "not finite: counted as where it began",
      isLogged: true,
      noise: Number.NaN,
    };
  if (metric.isLoss && start !== undefined && value > start)
    return { value: start, note: "above its start: counted as where it began", isLogged: true, noise: Number.NaN };
  return { value, note: null, isLogged: true, noise: jitterOf(values) / Math.sqrt(taken.length) };
}

/** The larger of the first finite values of the metric and, for a loss, of the training loss: near an untrained model. */
export function startOf(run: RunData, metric: Metric): number | undefined {
  const firsts = [trackOf(run, metric.series)?.value.find((one) => Number.isFinite(one))];
  if (metric.isLoss)
    for (const series of run.series)
      if (trainLoss.matches(series.name, series.labels))
        firsts.push(series.value.find((one) => Number.isFinite(one) && one > 0));
  const known = firsts.filter((one) => one !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

/** Points needed to tell jitter from a bend, and the part of the curve that is looked at. */
const leastPoints = 8;
const jitterShare = 1 / 3;
/** |a - 2b + c| of white noise has standard deviation sqrt(6) and a median 0.6745 of that. */
const secondDifference = 0.6745 * Math.sqrt(6);

/** Jitter of the last third from its second differences, which are blind to a trend. */
function jitterOf(values: readonly number[]): number {
  const tail = values.slice(-Math.max(leastPoints, Math.ceil(jitterShare * values.length)));
  if (tail.length < leastPoints || values.length < 2 * leastPoints || tail.some((one) => !Number.isFinite(one)))
    return Number.NaN;
  const bends = tail.slice(2).map((_, i) => Math.abs(at(tail, i) - 2 * at(tail, i + 1) + at(tail, i + 2)));
  return median(bends) / secondDifference;
}

/**
 * Smallest standard deviation over seeds that was measured for a final loss, as a share of it:
 * modded-nanogpt, 14 configurations of 20 to 40 runs each, 0.0008 to 0.0041 of about 3.28.
 */
const seedNoiseShare = 0.0008 / 3.28;

/** The standard deviation of a run's value below which the spread of a few runs is not believed. */
export function noiseFloor(values: readonly RunValue[]): number {
  const known = values.filter(({ noise }) => Number.isFinite(noise)).map(({ noise }) => noise);
  const sizes = values.flatMap(({ value }) => (value === undefined ? [] : [Math.abs(value)]));
  const seeds = sizes.length === 0 ? 0 : seedNoiseShare * median(sizes);
  return Math.max(seeds, known.length === 0 ? 0 : median(known));
}
