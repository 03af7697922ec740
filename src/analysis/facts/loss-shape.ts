import {
  at,
  mean,
  median,
  differencesOf,
  noiseOf,
  noiseOfDifferences,
  noiseOfWindow,
  SortedWindow,
} from "../../base/statistics.ts";
import { defineFact } from "../fact.ts";
import { type Curve, rowBefore } from "./curve.ts";
import { learningRate, type LearningRate } from "./learning-rate.ts";
import { supervisedLoss } from "./supervised-loss.ts";

/** A stretch in which the loss stood far above where it was. */
export interface Excursion {
  /** First row and step outside the band. */
  readonly row: number;
  readonly step: number;
  /** Level and noise just before. */
  readonly before: number;
  readonly noise: number;
  readonly peak: { readonly row: number; readonly step: number; readonly value: number };
  /** First row that is back; null while it is not. */
  readonly endRow: number | null;
  readonly endStep: number | null;
  /** Rows outside the band. */
  readonly rows: number;
  /** Height in units of what training had gained by then (see `gainFloor`): 1 means all of it lost. */
  readonly harm: number;
  /** The learning rate had just been raised by its schedule. */
  readonly afterRestart: boolean;
}

export interface LossShape {
  readonly rows: Curve;
  /** Point-to-point noise, free of trend. */
  readonly noise: number;
  readonly initial: number;
  /** Median of the last rows. */
  readonly level: number;
  readonly excursions: readonly Excursion[];
  /** The loss left its start upwards in the first rows. */
  readonly launch: Launch | null;
  readonly drift: Drift | null;
}

export interface Launch {
  readonly step: number;
  readonly row: number;
  readonly peak: { readonly step: number; readonly value: number };
  readonly endStep: number | null;
}

/** A slow rise that no single row gives away. */
export interface Drift {
  readonly step: number;
  readonly from: number;
  readonly to: number;
  readonly lowestStep: number;
}

/** OLMo 2 counts points 7 standard deviations from the mean of the last 1000 as spikes (arXiv 2501.00656, 3.2). */
const spikeSigmas = 7;
/**
 * Losses of small batches have heavy tails, on which 7 robust sigmas cry wolf. A spike also has to
 * be this many times the largest excess of the last `noiseRows` rows.
 */
const tailFactor = 2;
/** Rows of the trailing level: short, so that a falling loss is not compared with its past. */
const levelRows = 9;
/** Rows of the trailing noise; OLMo-core looks at 128 (skip_step_optimizer.py). */
const noiseRows = 128;
/** Rows before anything is judged; below it a median and a noise mean little. */
const fewestRows = 10;
/** A log of four digits rounds by up to 0.05 %, Keras prints four decimals; noise below this share is rounding. */
const roundingShare = 0.002;
/** An excursion is over when less than this share of its height is left. */
const residueShare = 0.2;
/** Height is compared with the progress so far, at least this share of the level: fine-tunes gain little. */
const gainFloor = 0.5;

export const lossShape = defineFact<LossShape>({
  id: "loss of supervised training",
  derive(_run, get) {
    const rows = get(supervisedLoss);
    if (rows === undefined) return undefined;
    const initial = at(rows.value, 0);
    const noise = noiseOf(rows.value);
    const tail = rows.value.subarray(Math.max(0, rows.length - levelRows));
    return {
      rows,
      noise,
      initial,
      level: median(tail),
      excursions: findExcursions(rows, get(learningRate)),
      launch: findLaunch(rows, noise),
      drift: findDrift(rows, noise),
    };
  },
});

/** Height of a rise in units of what training had gained: see `Excursion.harm`. */
export const harmOf = (rise: number, initial: number, before: number): number =>
  rise / Math.max(initial - before, gainFloor * Math.abs(before), Number.MIN_VALUE);

function findExcursions(rows: Curve, rate: LearningRate | undefined): Excursion[] {
  const levels = new SortedWindow(levelRows);
  const differences = new SortedWindow(noiseRows);
  const excesses = new SortedWindow(noiseRows);
  const found: Excursion[] = [];
  let open: { row: number; before: number; noise: number; peakRow: number; back: number } | null = null;
  let last = Number.NaN;
  const initial = at(rows.value, 0);
  const close = (endRow: number | null): void => {
    if (open === null) return;
    const { row, before, noise, peakRow } = open;
    const peak = { row: peakRow, step: at(rows.step, peakRow), value: at(rows.value, peakRow) };
    found.push({
      row,
      step: at(rows.step, row),
      before,
      noise,
      peak,
      endRow,
      endStep: endRow === null ? null : at(rows.step, endRow),
      rows: (endRow ?? rows.length) - row,
      harm: harmOf(peak.value - before, initial, before),
      afterRestart: rate !== undefined && wasRestarted(rate, at(rows.step, row)),
    });
    open = null;
  };
  for (let i = 0; i < rows.length; i++) {
    const value = at(rows.value, i);
    if (open !== null) {
      if (value > at(rows.value, open.peakRow)) open.peakRow = i;
      const residue = Math.max(open.back, residueShare * (at(rows.value, open.peakRow) - open.before));
      if (value > open.before + residue) continue;
      close(i);
    } else if (levels.length === levelRows && i >= fewestRows) {
      const level = levels.quantile(0.5);
      const noise = Math.max(noiseOfWindow(differences), roundingShare * Math.abs(level));
      const excess = Math.max(0, excesses.length > 0 ? excesses.largest : 0);
      if (value - level > Math.max(spikeSigmas * noise, tailFactor * excess)) {
        open = { row: i, before: level, noise, peakRow: i, back: Math.max(3 * noise, excess) };
        continue;
      }
      excesses.push(value - level);
    }
    levels.push(value);
    if (!Number.isNaN(last)) differences.push(Math.abs(value - last));
    last = value;
  }
  close(null);
  return found;
}

/** Whether the schedule raised the rate at least twofold within the rows before `step`, after having lowered it. */
function wasRestarted(rate: LearningRate, step: number): boolean {
  const recent = 10;
  const row = rowBefore(rate, step);
  const start = Math.max(0, row - recent);
  for (let i = start + 1; i <= row; i++) {
    const before = at(rate.value, i - 1);
    if (at(rate.value, i) > 2 * before && start > 0 && before < 0.5 * rate.peak) return true;
  }
  return false;
}

/** The first rows in which a launch can be seen. */
const launchRows = 20;
/** A loss this much above the start is beyond batch noise, when it holds for two rows and is 6 sigmas high. */
const launchRise = 0.6;
const launchSigmas = 6;
/**
 * A launch that swings wildly makes the noise itself large. This many rows in a row that all stand at
 * twice the start, half of them at three times, are no noise around it: measured on four runs of the
 * example with a learning rate 150 times too high, whose losses swing between 2.6 and 5 times the start.
 */
const launchFactor = 2;
const launchMedianFactor = 3;
const launchFactorRows = 4;

function findLaunch(rows: Curve, usualNoise: number): Launch | null {
  const base = at(rows.value, 0);
  if (rows.length < 3) return null;
  // The jump itself is among the differences: of few, leave the largest out. Later on a loss is calmer
  // than at its start, so the first rows have a say of their own.
  const differences = differencesOf(rows.value.subarray(0, launchRows));
  const noise =
    rows.length < 8
      ? noiseOfDifferences(differences.sort().subarray(0, -1))
      : Math.max(usualNoise, noiseOfDifferences(differences));
  const bar = base + Math.max(launchRise * Math.abs(base), launchSigmas * noise);
  const end = Math.min(rows.length, launchRows);
  const isFarAbove = (i: number): boolean => {
    const window = rows.value.subarray(i, i + launchFactorRows);
    return (
      base > 0 &&
      window.length === launchFactorRows &&
      window.every((value) => value >= launchFactor * base) &&
      median(window) >= launchMedianFactor * base
    );
  };
  for (let i = 1; i + 1 < end; i++) {
    if (!(at(rows.value, i) > bar && at(rows.value, i + 1) > bar) && !isFarAbove(i)) continue;
    let peakRow = i;
    let back: number | null = null;
    for (let k = i; k < rows.length && back === null; k++) {
      if (at(rows.value, k) > at(rows.value, peakRow)) peakRow = k;
      if (at(rows.value, k) <= base) back = at(rows.step, k);
    }
    let first = i;
    while (first > 1 && at(rows.value, first - 1) > base + launchRise * 0.5 * Math.abs(base)) first -= 1;
    return {
      row: first,
      step: at(rows.step, first),
      peak: { step: at(rows.step, peakRow), value: at(rows.value, peakRow) },
      endStep: back,
    };
  }
  return null;
}

/** The curve is cut into this many blocks for slow drifts; blocks average the noise away. */
const blocks = 20;
const fewestDriftRows = 60;
/** A drift counts when it gives back half of what training had gained (and 15 % of the level). */
const driftHarm = 0.5;
const driftShare = 0.15;

function findDrift(rows: Curve, noise: number): Drift | null {
  if (rows.length < fewestDriftRows) return null;
  const size = Math.floor(rows.length / blocks);
  const offset = rows.length - size * blocks;
  const block = (i: number): Float64Array => rows.value.subarray(offset + i * size, offset + (i + 1) * size);
  const levels = Array.from({ length: blocks }, (_, i) => median(block(i)));
  let lowest = 0;
  for (let i = 1; i < blocks; i++) if (at(levels, i) < at(levels, lowest)) lowest = i;
  const floor = at(levels, lowest);
  const top = Math.min(at(levels, blocks - 1), at(levels, blocks - 2), at(levels, blocks - 3));
  const rise = top - floor;
  // The lowest of many noisy blocks is low by chance: ask for six standard errors of a block's median.
  const bar = Math.max(driftShare * Math.abs(floor), (6 * 1.2533 * noise) / Math.sqrt(size));
  const gained = mean(block(0).length > 0 ? block(0) : rows.value) - floor;
  if (!(rise > bar) || rise < driftHarm * gained || lowest >= blocks - 3) return null;
  let onset = lowest + 1;
  while (onset < blocks - 1 && at(levels, onset) < floor + 0.25 * rise) onset += 1;
  const row = offset + onset * size;
  return {
    step: at(rows.step, row),
    from: floor,
    to: at(levels, blocks - 1),
    lowestStep: at(rows.step, offset + lowest * size),
  };
}
