import { at, differencesOf, median, noiseOfDifferences } from "../../base/statistics.ts";
import { type Curve, defineFold } from "../fold.ts";

/** The loss left its start upwards in the first rows. */
export interface Launch {
  readonly step: number;
  readonly row: number;
  readonly peak: { readonly step: number; readonly value: number };
  readonly endStep: number | null;
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

/** Of each of the first rows: the highest row since, until the loss is back at its start. */
interface Since {
  readonly peak: Int32Array;
  /** -1 while it is not back. */
  readonly back: Int32Array;
  open: number;
}

const since = defineFold<Since>({
  start: () => ({
    peak: Int32Array.from({ length: launchRows }, (_, i) => i),
    back: new Int32Array(launchRows).fill(-1),
    open: launchRows,
  }),
  advance(state, { value, length }, from) {
    const { peak, back } = state;
    const base = at(value, 0);
    for (let row = from; row < length && state.open > 0; row++) {
      const here = at(value, row);
      for (let i = 0; i < launchRows && i <= row; i++) {
        if (back[i] !== -1) continue;
        if (here > at(value, at(peak, i))) peak[i] = row;
        if (here > base) continue;
        back[i] = row;
        state.open -= 1;
      }
    }
  },
});

export function findLaunch(rows: Curve, usualNoise: number): Launch | null {
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
    const { peak, back } = since(rows);
    const peakRow = at(peak, i);
    const backRow = at(back, i);
    let first = i;
    while (first > 1 && at(rows.value, first - 1) > base + launchRise * 0.5 * Math.abs(base)) first -= 1;
    return {
      row: first,
      step: at(rows.step, first),
      peak: { step: at(rows.step, peakRow), value: at(rows.value, peakRow) },
      endStep: backRow < 0 ? null : at(rows.step, backRow),
    };
  }
  return null;
}

/** What the first updates threw the loss up to, before it came back; null when they did not. */
export interface Bump {
  readonly first: number;
  readonly step: number;
  readonly value: number;
}

/** Rows of the first updates, and what batches do not do to a loss: 6 sigmas, and a twentieth of it. */
const bumpRows = 5;
const bumpShare = 0.05;

export function bumpAtStart({ step, value, length }: Curve, noise: number): Bump | null {
  const first = at(value, 0);
  let highest = 0;
  for (let i = 1; i < Math.min(length, bumpRows); i++) if (at(value, i) > at(value, highest)) highest = i;
  const peak = at(value, highest);
  return peak - first > Math.max(launchSigmas * noise, bumpShare * Math.abs(first))
    ? { first, step: at(step, highest), value: peak }
    : null;
}
