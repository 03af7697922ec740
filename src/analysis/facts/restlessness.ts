import { at } from "../../base/statistics.ts";
import { defineFact } from "../fact.ts";
import { type Curve, rowBefore } from "./curve.ts";
import { gradNorm } from "./grad-norm.ts";
import { type LearningRate, learningRate } from "./learning-rate.ts";
import { lossShape } from "./loss-shape.ts";
import { blockLevels, levelOf, noiseWithin, rowsOfBlock } from "./stretch.ts";

/** What a learning rate that is too high does to a loss without destroying it. */
export interface Restlessness {
  /** The loss rose above its start in the first fifth and for more than a row. */
  readonly rise: { readonly step: number; readonly value: number } | null;
  /** First row whose level (of three) stands a tenth above the lowest before it; null when there is none. */
  readonly firstRise: number | null;
  /** Relapses: the level of a twentieth of the run stands above the one before, by far more than noise. */
  readonly relapses: number;
  readonly firstRelapse: number | null;
  /** grad_norm at the end over that after the warm-up; NaN when not known. */
  readonly normGrowth: number;
  /** Share of the level that was gained only when the rate came down, after nothing was gained at a high rate; 0 when not so. */
  readonly gainOfDecay: number;
  readonly decayStep: number | null;
  /** Lowest level over the first loss. */
  readonly best: number;
  /** Level at the end over the first loss. */
  readonly last: number;
}

const blocks = 20;
const fewestRows = 25;
/** A rise above the start: a quarter of it and 6 times the noise, held for three rows. Launches to 1.6 times are loss-divergence. */
const riseShare = 0.25;
const riseSigmas = 6;
const riseRows = 3;
const earlyShare = 0.2;
/** A relapse gives back a twentieth of the level, and 6 standard errors of a block. */
const smallRise = 0.1;
const relapseShare = 0.05;
const relapseSigmas = 6;
/** High: at least 70 % of the peak. Down: below 30 %. */
const high = 0.7;
const low = 0.3;
const stillShare = 0.02;

export const restlessness = defineFact<Restlessness>({
  id: `loss of supervised training, ${fewestRows} rows of it`,
  derive(_run, get) {
    const shape = get(lossShape);
    if (shape === undefined || shape.rows.length < fewestRows) return undefined;
    const { rows, initial } = shape;
    const { length } = rows;
    const noise = noiseWithin(rows.value, 0, length);
    const bar = initial + Math.max(riseShare * Math.abs(initial), riseSigmas * noise);
    let rise: Restlessness["rise"] = null;
    for (let i = 1; i + riseRows <= Math.max(2 * riseRows, earlyShare * length) && rise === null; i++) {
      let above = 0;
      while (above < riseRows && at(rows.value, i + above) > bar) above += 1;
      if (above === riseRows) rise = { step: at(rows.step, i), value: at(rows.value, i) };
    }
    const levels = blockLevels(rows.value, blocks, { from: 0, end: length });
    const error = noise / Math.sqrt(Math.min(rowsOfBlock, length / blocks));
    let relapses = 0;
    let firstRelapse: number | null = null;
    for (let i = 1; i < blocks; i++) {
      const step = at(levels, i) - at(levels, i - 1);
      if (!(step > Math.max(relapseShare * Math.abs(at(levels, i - 1)), relapseSigmas * error))) continue;
      relapses += 1;
      firstRelapse ??= at(rows.step, Math.floor((i * length) / blocks));
    }
    const rate = get(learningRate);
    const norms = get(gradNorm);
    const start =
      norms === undefined || rate === undefined || rate.warmedUpAt === null
        ? 0
        : Math.max(0, rowBefore(norms, rate.warmedUpAt));
    const best = levels.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
    let lowest = Number.POSITIVE_INFINITY;
    let firstRise: number | null = null;
    for (let i = 1; i + 1 < length && firstRise === null; i++) {
      const level = middleOf(at(rows.value, i - 1), at(rows.value, i), at(rows.value, i + 1));
      if (level > (1 + smallRise) * lowest) firstRise = at(rows.step, i);
      lowest = Math.min(lowest, level);
    }
    return {
      rise,
      firstRise,
      relapses,
      firstRelapse,
      normGrowth:
        norms === undefined
          ? Number.NaN
          : levelOf(norms.value, norms.length - 20, norms.length) / levelOf(norms.value, start, start + 20),
      ...decayOf(rows, rate),
      best: best / initial,
      last: at(levels, blocks - 1) / initial,
    };
  },
});

const middleOf = (a: number, b: number, c: number): number => Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));

function decayOf(rows: Curve, rate: LearningRate | undefined): { gainOfDecay: number; decayStep: number | null } {
  const none = { gainOfDecay: 0, decayStep: null };
  if (rate === undefined || !(rate.peak > 0)) return none;
  // The rate is looked through once, and its rows are found among those of the loss by halves.
  let place = 0;
  const row = (isThere: (share: number) => boolean, from: number): number => {
    while (place < rate.length && !isThere(at(rate.value, place) / rate.peak)) place += 1;
    return place < rate.length ? Math.max(from, rowBefore(rows, at(rate.step, place) - 1) + 1) : rows.length;
  };
  const begin = row((share) => share >= high, 0);
  const end = row((share) => share < high, begin);
  const down = row((share) => share < low, end);
  if (end - begin < 30 || rows.length - down < 10) return none;
  // The last half of what was trained at the high rate: did it gain anything?
  const middle = Math.floor((begin + end) / 2);
  const before = levelOf(rows.value, middle, Math.floor((middle + end) / 2));
  const atHigh = levelOf(rows.value, Math.floor((middle + end) / 2), end);
  if (!(before - atHigh < stillShare * Math.abs(before))) return none;
  const after = levelOf(rows.value, Math.max(down, rows.length - 20), rows.length);
  return { gainOfDecay: Math.max(0, 1 - after / atHigh), decayStep: at(rows.step, end) };
}
