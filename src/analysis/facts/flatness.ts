import { at, mean } from "../../base/statistics.ts";
import { defineFact } from "../fact.ts";
import { rowBefore } from "./curve.ts";
import { learningRate } from "./learning-rate.ts";
import { lossShape } from "./loss-shape.ts";
import { motion } from "./motion.ts";
import { blockLevels, levelOf, noiseWithin, rowsOfBlock } from "./stretch.ts";

/** Where the loss came to rest, if it did. */
export interface Flatness {
  /** First row of the stretch at the end in which the loss gains nothing that noise could not; its share of the rows. */
  readonly row: number;
  readonly step: number;
  readonly share: number;
  /** What it stands at, and what it was at the start. */
  readonly level: number;
  readonly initial: number;
  /** The learning rate within the stretch as a share of its peak; NaN when it is not logged. */
  readonly rateShare: number;
  /** The schedule ended long before the run; the loss stands still because of it. */
  readonly scheduleEnd: number | null;
}

const blocks = 20;
const fewestBlocks = 3;
/** Below it blocks of the loss are single rows, and only the end of a schedule can be told. */
const fewestRows = 40;
const fewestRowsOfSchedule = 20;
/** What the last third of the stretch gained on its first is below this share, also with two standard errors added. */
const flatShare = 0.015;
/** A schedule usually ends with the run: below this share of it the end is no news. */
const endShare = 0.2;

export const flatness = defineFact<Flatness>({
  id: `loss of supervised training, ${fewestRows} rows of it`,
  derive(_run, get) {
    const shape = get(lossShape);
    if (shape === undefined || shape.rows.length < fewestRowsOfSchedule) return undefined;
    const { rows } = shape;
    const { length } = rows;
    const { scheduleEnd, scheduleEndShare } = get(motion) ?? { scheduleEnd: null, scheduleEndShare: 0 };
    const isEnded = scheduleEnd !== null && scheduleEndShare >= endShare;
    if (length < fewestRows && !isEnded) return undefined;
    const levels = blockLevels(rows.value, blocks, { from: 0, end: length });
    const noise = noiseWithin(rows.value, Math.floor(length / 2), length);
    const end = at(levels, blocks - 1);
    const bar = flatShare * Math.abs(end);
    const rowsTaken = Math.min(rowsOfBlock, length / blocks);
    const isFlat = (first: number): boolean => {
      const third = Math.floor((blocks - first) / 3);
      const gained = mean(levels.subarray(first, first + third)) - mean(levels.subarray(blocks - third));
      const error = noise * Math.sqrt(2 / (third * rowsTaken));
      return Math.abs(gained) + 2 * error < bar;
    };
    // The longest stretch that is flat; a shorter one within it says no more.
    let first = length < fewestRows ? blocks : 0;
    while (first < blocks - fewestBlocks && !isFlat(first)) first += 1;
    if (first >= blocks - fewestBlocks) first = blocks;
    const row = Math.min(length - 1, Math.floor((first * length) / blocks));
    const rate = get(learningRate);
    return {
      row,
      step: at(rows.step, row),
      share: (length - row) / length,
      level: levelOf(rows.value, row, length),
      initial: shape.initial,
      rateShare:
        rate === undefined
          ? Number.NaN
          : levelOf(rate.value, Math.max(0, rowBefore(rate, at(rows.step, row))), rate.length) / rate.peak,
      scheduleEnd: isEnded ? scheduleEnd : null,
    };
  },
});
