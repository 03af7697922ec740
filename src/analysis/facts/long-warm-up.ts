import { at } from "../../base/statistics.ts";
import { defineFact } from "../fact.ts";
import { learningRate } from "./learning-rate.ts";
import { options } from "./options.ts";
import { levelOf } from "./stretch.ts";
import { supervisedLoss } from "./supervised-loss.ts";

/** A learning rate that was still climbing, far below where it was meant to go, when the run was over. */
export interface LongWarmUp {
  readonly rate: number;
  /** The configured peak. */
  readonly target: number;
  /** Configured; null when not known. */
  readonly steps: number | null;
  /** Of the training loss. */
  readonly from: number;
  readonly to: number;
  readonly gain: number;
}

/** A warm-up that ends with the run has reached its peak; one at a third of it was made for another number of steps. */
const reachedShare = 1 / 3;
/** A run that is known to be as good as over: a warm-up in its first half is one. */
const doneShare = 0.9;
const nearRows = 5;
/** As for a loss that crawls: what gained more has learned something at its low rate. */
const littleGain = 0.12;

export const longWarmUp = defineFact<LongWarmUp>({
  id: "learning_rate and its configured peak",
  derive(run, get) {
    const rows = get(supervisedLoss);
    const rate = get(learningRate);
    const settings = get(options);
    const target = settings?.number("learning_rate") ?? 0;
    if (rows === undefined || rate === undefined || rate.length < 2 * nearRows || !(target > 0)) return undefined;
    const last = at(rate.step, rate.length - 1);
    const now = at(rate.value, rate.length - 1);
    if (rate.warmedUpAt !== last || !(now < reachedShare * target)) return undefined;
    const total = settings?.number("max_steps") ?? 0;
    const isDone = total > 0 ? last >= doneShare * total : run.info().exitStatus === 0;
    const from = levelOf(rows.value, 0, nearRows);
    const to = levelOf(rows.value, rows.length - nearRows, rows.length);
    const gain = 1 - to / from;
    const warmUp = settings?.number("warmup_steps") ?? 0;
    // Below 1 it is a share of the run.
    const steps = warmUp >= 1 ? warmUp : null;
    return isDone && from > 0 && gain < littleGain ? { rate: now, target, steps, from, to, gain } : undefined;
  },
});
