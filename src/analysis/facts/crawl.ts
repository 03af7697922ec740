import { at } from "../../base/statistics.ts";
import { defineFact } from "../fact.ts";
import { chance } from "./chance.ts";
import { pairsInBatch } from "./in-batch.ts";
import { learningRate } from "./learning-rate.ts";
import { options } from "./options.ts";
import { levelOf, noiseWithin } from "./stretch.ts";
import { supervisedLoss } from "./supervised-loss.ts";

/** A run from a random start that moves, evenly, and hardly from where it began: its steps are too small. */
export interface Crawl {
  readonly from: number;
  readonly to: number;
  readonly gain: number;
  /** Gain of the second half over that of the first, both with the same sum of learning rates. */
  readonly evenness: number;
}

const fewestRows = 40;
const nearRows = 5;
/** A random start stands at chance. */
const startBand = 0.1;
/** Less of chance than this was gained by the end: language models gain a third within some hundred steps. */
const littleGain = 0.12;
/**
 * Learning slows down as soon as the frequencies of labels and words are known; a loss that falls as fast per unit of
 * learning rate in the second half as in the first has not come even there.
 */
const evenBar = 0.75;
const sigmas = 4;
/** A run that still goes on is judged only near its end. */
const doneShare = 0.6;

export const crawl = defineFact<Crawl>({
  id: "vocab_size or number of classes",
  derive(run, get) {
    const rows = get(supervisedLoss);
    const random = get(chance);
    if (rows === undefined || random === undefined || rows.length < fewestRows) return undefined;
    // Among the pairs of a batch there are no frequencies to learn first, and wrong pairs leave little to gain.
    if (get(pairsInBatch) !== undefined) return undefined;
    const total = get(options)?.number("max_steps") ?? 0;
    const { status } = run.info();
    const isDone = total > 0 ? at(rows.step, rows.length - 1) >= doneShare * total : status !== "running";
    const from = levelOf(rows.value, 0, nearRows);
    if (!isDone || Math.abs(from / random.loss - 1) > startBand) return undefined;
    const to = levelOf(rows.value, rows.length - 2 * nearRows, rows.length);
    const gain = 1 - to / from;
    // What follows looks at every row: not for a loss that has moved.
    if (!(gain < littleGain)) return undefined;
    const rate = get(learningRate);
    const rateAt = (i: number): number => (rate === undefined ? 1 : Math.max(0, rate.atStep(at(rows.step, i)) || 0));
    let sum = 0;
    for (let i = 0; i < rows.length; i++) sum += rateAt(i);
    let half = 0;
    let middle = 0;
    while (middle < rows.length && half < sum / 2) half += rateAt(middle++);
    if (middle < 2 * nearRows || rows.length - middle < 2 * nearRows) return undefined;
    const there = levelOf(rows.value, middle - nearRows, middle + nearRows);
    const error = (noiseWithin(rows.value, 0, rows.length) * 1.2533) / Math.sqrt(nearRows);
    const evenness = (there - to) / (from - there);
    return there - to > sigmas * error && from - there > 0 && evenness >= evenBar
      ? { from, to, gain, evenness }
      : undefined;
  },
});
