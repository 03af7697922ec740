import { assert } from "../../base/assert.ts";
import { at, bendsOf, median, medianOfSorted, noiseAtMost } from "../../base/statistics.ts";
import { type Curve, defineFold } from "../fold.ts";

/** A slow rise that no single row gives away. */
export interface Drift {
  readonly row: number;
  readonly step: number;
  readonly from: number;
  readonly to: number;
  readonly lowestStep: number;
  /** Seen in single rows of a short log, whose first row is then known better than that of a jump. */
  readonly isByRows: boolean;
}

/** The curve is cut into this many blocks for slow drifts; blocks average the noise away. */
const blocks = 20;
const fewestDriftRows = 60;
/** A drift counts when it gives back half of what training had gained (and 15 % of the level). */
const driftHarm = 0.5;
const driftShare = 0.15;

/**
 * A cell is as many neighbouring rows as it needs for less than this many cells; a block is some of them. The first
 * cells that fill no block are left out: less than 6 % of a long run, which is steepest there.
 */
const mostCells = 32 * blocks;

interface Cell {
  /** Its rows in ascending order. */
  readonly sorted: Float64Array;
  readonly middle: number;
  readonly sum: number;
}

const cellOf = (sorted: Float64Array, sum: number): Cell => ({ sorted, middle: medianOfSorted(sorted), sum });

class Cells {
  /** Rows of a cell: a power of two. */
  size = 1;
  cells: Cell[] = [];
  readonly begun: number[] = [];
}

/** Whole cells so far. When there are too many, two and two become one, so that a new row costs no more in a long run. */
const cellsOf = defineFold<Cells>({
  start: () => new Cells(),
  advance(state, { value, length }, from) {
    for (let i = from; i < length; i++) {
      state.begun.push(at(value, i));
      if (state.begun.length < state.size) continue;
      const sum = state.begun.reduce((total, one) => total + one, 0);
      state.cells.push(cellOf(Float64Array.from(state.begun).sort(), sum));
      state.begun.length = 0;
      if (state.cells.length < mostCells) continue;
      state.cells = Array.from({ length: mostCells / 2 }, (_, k) => joined(state.cells[2 * k], state.cells[2 * k + 1]));
      state.size *= 2;
    }
  },
});

function joined(a: Cell | undefined, b: Cell | undefined): Cell {
  assert(a !== undefined && b !== undefined, "cells are joined in pairs");
  const sorted = new Float64Array(a.sorted.length + b.sorted.length);
  for (let i = 0, k = 0, to = 0; to < sorted.length; to++) {
    const takesA = k >= b.sorted.length || (i < a.sorted.length && at(a.sorted, i) <= at(b.sorted, k));
    sorted[to] = takesA ? at(a.sorted, i++) : at(b.sorted, k++);
  }
  return cellOf(sorted, a.sum + b.sum);
}

export function findDrift(rows: Curve, noise: number): Drift | null {
  if (rows.length < fewestDriftRows) return shortDrift(rows, noise);
  const { cells, size: cellRows } = cellsOf(rows);
  const perBlock = Math.floor(cells.length / blocks);
  const offset = cells.length - perBlock * blocks;
  const size = perBlock * cellRows;
  const medians = cells.map(({ middle }) => middle);
  const levels = Array.from({ length: blocks }, (_, i) =>
    median(medians.slice(offset + i * perBlock, offset + (i + 1) * perBlock)),
  );
  const rowOf = (block: number): number => (offset + block * perBlock) * cellRows;
  let lowest = 0;
  for (let i = 1; i < blocks; i++) if (at(levels, i) < at(levels, lowest)) lowest = i;
  const floor = at(levels, lowest);
  const top = Math.min(at(levels, blocks - 1), at(levels, blocks - 2), at(levels, blocks - 3));
  const rise = top - floor;
  // The lowest of many noisy blocks is low by chance: ask for six standard errors of a block's median,
  // which is that of medians where cells have several rows.
  const error = (cellRows === 1 ? 1.2533 : 1.2533 ** 2) * noise;
  const bar = Math.max(driftShare * Math.abs(floor), (6 * error) / Math.sqrt(size));
  const first = cells.slice(offset, offset + perBlock).reduce((sum, cell) => sum + cell.sum, 0) / size;
  const gained = first - floor;
  if (!(rise > bar) || rise < driftHarm * gained || lowest >= blocks - 3) return null;
  // A quarter of the rise, or of a great one what is beyond chance.
  const left = floor + Math.min(0.25 * rise, bar);
  let onset = lowest + 1;
  while (onset < blocks - 1 && at(levels, onset) < left) onset += 1;
  return {
    row: rowOf(onset),
    step: at(rows.step, rowOf(onset)),
    from: floor,
    to: at(levels, blocks - 1),
    lowestStep: at(rows.step, rowOf(lowest)),
    isByRows: false,
  };
}

/**
 * A log with too few rows for blocks: single rows count, as medians of three, and all that training had gained must be
 * lost. A recorded test of learning rates has 36 rows, of which the last 10 to 15 rise ever faster.
 */
export const fewestShortRows = 20;
const fewestRisingRows = 5;
const lastRows = 3;

function shortDrift({ value, step, length }: Pick<Curve, "value" | "step" | "length">, noise: number): Drift | null {
  if (length < fewestShortRows) return fewDrift({ value, step, length });
  const smooth = Array.from({ length }, (_, i) => median(value.subarray(Math.max(0, i - 1), i + 2)));
  let lowest = 0;
  for (let i = 1; i < length; i++) if (at(smooth, i) < at(smooth, lowest)) lowest = i;
  const floor = at(smooth, lowest);
  const last = value.subarray(length - lastRows);
  const rise = median(last) - floor;
  const least = Math.max(driftShare * Math.abs(floor), (6 * 1.2533 * noise) / Math.sqrt(lastRows));
  const isLost = median(last) >= at(value, 0) && Math.min(...last) - floor >= 0.5 * rise;
  if (!(rise > least) || !isLost || lowest >= length - fewestRisingRows) return null;
  const left = floor + driftShare * Math.abs(floor);
  let row = length - 1;
  while (row > lowest + 1 && at(smooth, row - 1) > left) row -= 1;
  return { row, step: at(step, row), from: floor, to: median(last), lowestStep: at(step, lowest), isByRows: true };
}

/** Rows of a log too short for medians: each of the last stands above the lowest by this many times the noise, at most. */
const fewSigmas = 6;
/** Lost for good: as many rows at the end stand no lower than the first of all, or rise one after the other. */
const lostRows = 3;
const risingRows = 4;

/** Row by row, with the noise that bends tell on either side of the lowest row: a jump between the two is none. */
function fewDrift({ value, step, length }: Pick<Curve, "value" | "step" | "length">): Drift | null {
  let lowest = 0;
  for (let i = 1; i < length; i++) if (at(value, i) <= at(value, lowest)) lowest = i;
  if (lowest === 0 || length - 1 - lowest < lostRows) return null;
  const floor = at(value, lowest);
  const noise = noiseAtMost([...bendsOf(value.subarray(0, lowest + 1)), ...bendsOf(value.subarray(lowest + 1))]);
  const last = value.subarray(length - lostRows);
  const bar = Math.max(driftShare * Math.abs(floor), fewSigmas * noise);
  const rise = median(last) - floor;
  const isRising = Array.from({ length: risingRows - 1 }, (_, i) => length - 1 - i).every(
    (i) => i - 1 > lowest && at(value, i) > at(value, i - 1),
  );
  const isLost = Math.min(...last) >= at(value, 0) || (isRising && rise >= driftHarm * (at(value, 0) - floor));
  if (!(Math.min(...last) - floor > bar) || !isLost) return null;
  const left = floor + driftShare * Math.abs(floor);
  let row = length - 1;
  while (row > lowest + 1 && at(value, row - 1) > left) row -= 1;
  return { row, step: at(step, row), from: floor, to: median(last), lowestStep: at(step, lowest), isByRows: true };
}
