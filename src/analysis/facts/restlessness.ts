import { at } from "../../base/statistics.ts";
import { defineFact } from "../fact.ts";
import { type Curve, rowBefore } from "./curve.ts";
import { defineFold } from "../fold.ts";
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
/** A start that is thrown off and a loss that gains little show in a dozen rows; */
const fewestRows = 12;
/** ... relapses need more: in a third of their rows healthy logs with holidays had three (21 rows). */
const fewestRowsOfRelapses = 25;
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
const highShare = 0.7;
const lowShare = 0.3;
const stillShare = 0.02;

/** What the loss did not fall below in the rows that a rise has to hold for. */
const heldAt = (value: Float64Array, row: number): number =>
  Math.min(at(value, row), at(value, row + 1), at(value, row + riseRows - 1));

/** Rows, the very first one left out, from which on the loss was held higher than from any row before: the first above a bar is one of them. */
const heldHighs = defineFold<{ highest: number; readonly rows: number[] }>({
  start: () => ({ highest: Number.NEGATIVE_INFINITY, rows: [] }),
  advance(state, { value, length }, from) {
    for (let i = Math.max(1, from - riseRows + 1); i + riseRows <= length; i++) {
      const held = heldAt(value, i);
      if (!(held > state.highest)) continue;
      state.highest = held;
      state.rows.push(i);
    }
  },
});

/** The first row whose level (of three) stands above the lowest before it; -1 while there is none. */
const firstRiseIn = defineFold({
  start: () => ({ lowest: Number.POSITIVE_INFINITY, row: -1 }),
  advance(state, { value, length }, from) {
    for (let i = Math.max(1, from - 1); i + 1 < length && state.row < 0; i++) {
      const level = middleOf(at(value, i - 1), at(value, i), at(value, i + 1));
      if (level > (1 + smallRise) * state.lowest) state.row = i;
      state.lowest = Math.min(state.lowest, level);
    }
  },
});

export const restlessness = defineFact<Restlessness>({
  id: `loss of supervised training, ${fewestRows} rows of it`,
  derive(_run, get) {
    const shape = get(lossShape);
    if (shape === undefined || shape.rows.length < fewestRows) return undefined;
    const { rows, initial } = shape;
    const { length } = rows;
    const noise = noiseWithin(rows.value, 0, length);
    const bar = initial + Math.max(riseShare * Math.abs(initial), riseSigmas * noise);
    const high = heldHighs(rows).rows.find((i) => heldAt(rows.value, i) > bar) ?? length;
    const isRisen = high + riseRows <= Math.max(2 * riseRows, earlyShare * length);
    const levels = blockLevels(rows.value, blocks, { from: 0, end: length });
    const error = noise / Math.sqrt(Math.min(rowsOfBlock, length / blocks));
    let relapses = 0;
    let firstRelapse: number | null = null;
    for (let i = 1; i < blocks && length >= fewestRowsOfRelapses; i++) {
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
    const { row: riseRow } = firstRiseIn(rows);
    return {
      rise: isRisen ? { step: at(rows.step, high), value: at(rows.value, high) } : null,
      firstRise: riseRow < 0 ? null : at(rows.step, riseRow),
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

/** Of a learning rate: the first row that is high, the first after it that is not, and the first from there that is low. */
const courseOf = defineFold({
  start: () => ({ peak: 0, high: 0, below: 0, low: 0 }),
  advance(state, { value, length }, from) {
    const { peak: before } = state;
    for (let i = from; i < length; i++) state.peak = Math.max(state.peak, at(value, i));
    // A larger peak makes fewer rows high: those before the first one stay out, the others are looked at again.
    if (state.peak > before) state.below = state.low = 0;
    const share = (row: number): number => at(value, row) / state.peak;
    while (state.high < length && !(share(state.high) >= highShare)) state.high += 1;
    state.below = Math.max(state.below, state.high);
    while (state.below < length && !(share(state.below) < highShare)) state.below += 1;
    state.low = Math.max(state.low, state.below);
    while (state.low < length && !(share(state.low) < lowShare)) state.low += 1;
  },
});

function decayOf(rows: Curve, rate: LearningRate | undefined): { gainOfDecay: number; decayStep: number | null } {
  const none = { gainOfDecay: 0, decayStep: null };
  if (rate === undefined || !(rate.peak > 0)) return none;
  const places = courseOf(rate);
  const row = (place: number, from: number): number =>
    place < rate.length ? Math.max(from, rowBefore(rows, at(rate.step, place) - 1) + 1) : rows.length;
  const begin = row(places.high, 0);
  const end = row(places.below, begin);
  const down = row(places.low, end);
  if (end - begin < 30 || rows.length - down < 10) return none;
  // The last half of what was trained at the high rate: did it gain anything?
  const middle = Math.floor((begin + end) / 2);
  const before = levelOf(rows.value, middle, Math.floor((middle + end) / 2));
  const atHigh = levelOf(rows.value, Math.floor((middle + end) / 2), end);
  if (!(before - atHigh < stillShare * Math.abs(before))) return none;
  const after = levelOf(rows.value, Math.max(down, rows.length - 20), rows.length);
  return { gainOfDecay: Math.max(0, 1 - after / atHigh), decayStep: at(rows.step, end) };
}
