import { at, mean } from "../../base/statistics.ts";
import { defineFact } from "../fact.ts";
import { chance } from "./chance.ts";
import { finiteRows } from "./curve.ts";
import { evalLoss } from "./eval-loss.ts";
import { supervisedLoss } from "./supervised-loss.ts";

/**
 * A loss that falls far below guessing and is thrown far above it, again and again, while held-out data is guessed at:
 * the model learns what it sees now, one kind after the other, and forgets the rest.
 */
export interface Forgetting {
  /** Times that it rose from one side to the other. */
  readonly swings: number;
  readonly chance: number;
  readonly lowest: number;
  readonly highest: number;
  readonly held: number;
}

/** Far from guessing: half as much again above, two thirds below. */
const highShare = 1.5;
const lowShare = 2 / 3;
const fewestSwings = 4;
const fewestEvals = 2;
/** As `no-learning` has it: below this share of guessing something was learned. */
const heldShare = 0.98;
/** A batch of few examples is now and then guessed well; what is learned and forgotten costs as much as guessing on the whole. */
const meanShare = 0.9;

export const forgetting = defineFact<Forgetting>({
  id: "vocab_size or number of classes, and eval_loss",
  derive(_run, get) {
    const rows = get(supervisedLoss);
    const logged = get(evalLoss);
    const random = get(chance);
    if (rows === undefined || logged === undefined || random === undefined) return undefined;
    const held = finiteRows(logged);
    const isGuessing = held.value.every((value) => value >= heldShare * random.loss);
    if (held.length < fewestEvals || !isGuessing || !(mean(rows.value) >= meanShare * random.loss)) return undefined;
    let swings = 0;
    let isLow = false;
    for (const value of rows.value) {
      if (value < lowShare * random.loss) isLow = true;
      if (!isLow || !(value > highShare * random.loss)) continue;
      swings += 1;
      isLow = false;
    }
    if (swings < fewestSwings) return undefined;
    const [lowest, highest] = rows.value.reduce(
      ([low, high], one) => [Math.min(low, one), Math.max(high, one)],
      [Number.POSITIVE_INFINITY, 0],
    );
    return { swings, chance: random.loss, lowest, highest, held: at(held.value, held.length - 1) };
  },
});
