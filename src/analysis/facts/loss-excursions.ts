import { at, noiseAtMost, noiseOfWindow, SortedWindow } from "../../base/statistics.ts";
import { type Curve, defineFold } from "../fold.ts";
import { rowBefore } from "./curve.ts";
import type { LearningRate } from "./learning-rate.ts";

/** A stretch in which the loss stood far above where it was. */
export interface Excursion {
  /** First row and step outside the band. */
  readonly row: number;
  readonly step: number;
  /**
   * The row before stood higher above its level than any of the last 128, by less than makes an excursion: of it, where
   * another curve says so too.
   */
  readonly hasLead: boolean;
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

/** OLMo 2 counts points 7 standard deviations from the mean of the last 1000 as spikes (arXiv 2501.00656, 3.2). */
const spikeSigmas = 7;
/**
 * Losses of small batches have heavy tails, on which 7 robust sigmas cry wolf. A spike also has to
 * be this many times the largest excess of the last `noiseRows` rows.
 */
const tailFactor = 2;
/** ... of few rows the largest is less far out: holidays come again half as high again. */
const tailFactorOfFew = 3;
/** Rows of the trailing level: short, so that a falling loss is not compared with its past. */
export const levelRows = 9;
/** Rows of the trailing noise; OLMo-core looks at 128 (skip_step_optimizer.py). */
const noiseRows = 128;
/**
 * The upper quartile of absolute differences of neighbours in normal noise of standard deviation 1. Where some batches
 * are far from the others (few images, flipped and erased anew) it is wider than the median says, and a row that is back
 * within such noise is back.
 */
const quartileToSigma = 1.1503 * Math.SQRT2;
/**
 * The first rows of a run, and all of a short log, fall by more from row to row than their noise: there the level is that of
 * the last rows, and the noise what bends tell, at most (`noiseAtMost`, which takes seven rows).
 */
const fallingRows = 40;
const fallingLevelRows = 3;
/** A log of four digits rounds by up to 0.05 %, Keras prints four decimals; noise below this share is rounding. */
const roundingShare = 0.002;
/** Sigmas of a row that may be the first of an excursion: often it is the mean of steps of which only the last were bad. */
const leadSigmas = 4;
/** An excursion is over when less than this share of its height is left. */
const residueShare = 0.2;
/** Height is compared with the progress so far, at least this share of the level: fine-tunes gain little. */
const gainFloor = 0.5;

/** Height of a rise in units of what training had gained: see `Excursion.harm`. */
export const harmOf = (rise: number, initial: number, before: number): number =>
  rise / Math.max(initial - before, gainFloor * Math.abs(before), Number.MIN_VALUE);

/** An excursion as far as the loss alone tells it. */
type Stretch = Omit<Excursion, "harm" | "afterRestart">;
interface Open {
  readonly row: number;
  readonly hasLead: boolean;
  readonly before: number;
  readonly noise: number;
  readonly back: number;
  peakRow: number;
}

class Scan {
  readonly levels = new SortedWindow(levelRows);
  readonly differences = new SortedWindow(noiseRows);
  readonly excesses = new SortedWindow(noiseRows);
  /** Of the first rows alone; the last rows within the band. */
  readonly bends: number[] = [];
  readonly latest: number[] = [];
  readonly closed: Stretch[] = [];
  open: Open | null = null;
  last = Number.NaN;
  /** The last row that stood out by less than an excursion, and higher than all that count. */
  lead = -1;
}

const scan = defineFold<Scan>({
  start: () => new Scan(),
  advance(state, rows, from) {
    const { levels, differences, excesses } = state;
    for (let i = from; i < rows.length; i++) {
      const value = at(rows.value, i);
      const { open } = state;
      if (open !== null) {
        if (value > at(rows.value, open.peakRow)) open.peakRow = i;
        const residue = Math.max(open.back, residueShare * (at(rows.value, open.peakRow) - open.before));
        if (value > open.before + residue) continue;
        state.closed.push(stretchOf(rows, open, i));
        state.open = null;
      } else if (i >= fallingRows || noiseAtMost(state.bends) < Number.POSITIVE_INFINITY) {
        const isFalling = i < fallingRows;
        const level = isFalling ? Math.min(levels.quantile(0.5), Math.max(...state.latest)) : levels.quantile(0.5);
        const usual = noiseOfWindow(differences);
        const noise = Math.max(
          isFalling ? Math.min(usual, noiseAtMost(state.bends)) : usual,
          roundingShare * Math.abs(level),
        );
        const excess = Math.max(0, excesses.length > 0 ? excesses.largest : 0);
        if (value - level > Math.max(spikeSigmas * noise, (isFalling ? tailFactorOfFew : tailFactor) * excess)) {
          state.open = {
            row: i,
            hasLead: state.lead === i - 1,
            before: level,
            noise,
            peakRow: i,
            back: Math.max(3 * noise, 3 * (differences.quantile(0.75) / quartileToSigma), excess),
          };
          continue;
        }
        if (value - level > Math.max(leadSigmas * noise, tailFactor * excess)) state.lead = i;
        excesses.push(value - level);
      } else if (state.latest.length === fallingLevelRows) excesses.push(value - Math.max(...state.latest));
      levels.push(value);
      if (i < fallingRows) {
        const [before, between] = state.latest.slice(-2);
        if (before !== undefined && between !== undefined) state.bends.push(Math.abs(value - 2 * between + before));
        state.latest.push(value);
        if (state.latest.length > fallingLevelRows) state.latest.shift();
      }
      if (!Number.isNaN(state.last)) differences.push(Math.abs(value - state.last));
      state.last = value;
    }
  },
});

function stretchOf(rows: Curve, { row, hasLead, before, noise, peakRow }: Open, endRow: number | null): Stretch {
  return {
    row,
    step: at(rows.step, row),
    hasLead,
    before,
    noise,
    peak: { row: peakRow, step: at(rows.step, peakRow), value: at(rows.value, peakRow) },
    endRow,
    endStep: endRow === null ? null : at(rows.step, endRow),
    rows: (endRow ?? rows.length) - row,
  };
}

export function findExcursions(rows: Curve, rate: LearningRate | undefined): Excursion[] {
  const { closed, open } = scan(rows);
  const initial = at(rows.value, 0);
  const all = open === null ? closed : [...closed, stretchOf(rows, open, null)];
  return all.map((stretch) => ({
    ...stretch,
    harm: harmOf(stretch.peak.value - stretch.before, initial, stretch.before),
    afterRestart: rate !== undefined && wasRestarted(rate, stretch.step),
  }));
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
