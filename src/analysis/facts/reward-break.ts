import { at } from "../../base/statistics.ts";
import { defineFact } from "../fact.ts";
import { rowBefore } from "./curve.ts";
import { entropy, kl, meanLength, reward } from "./policy.ts";
import { levelOf } from "./track.ts";

/** A reward that fell between two rows of which the policy was the same: the reward changed, not the policy. */
export interface RewardBreak {
  readonly row: number;
  readonly step: number;
}

/** Rows before and after that say how far it fell. */
const sideRows = 10;
const fewestRows = 5;
/** Far beyond the noise of the reward. */
const fallNoises = 10;
/** A row of the same policy differs from the one before by no more than three times what the rows before it did. */
const sameFactor = 3;

/** `null`: there is none. */
export const rewardBreak = defineFact<RewardBreak | null>({
  id: "reward",
  derive(_run, get) {
    const rows = get(reward);
    if (rows === undefined) return undefined;
    const policy = [get(entropy), get(kl), get(meanLength)].filter((track) => track !== undefined);
    let row = -1;
    let largest = 0;
    for (let i = fewestRows; i + fewestRows <= rows.length; i++) {
      const fall = at(rows.value, i - 1) - at(rows.value, i);
      if (fall > largest) {
        largest = fall;
        row = i;
      }
    }
    if (row < 0 || !(largest > fallNoises * rows.noise)) return null;
    const before = levelOf(rows, row - sideRows, row);
    const after = levelOf(rows, row, Math.min(rows.length, row + sideRows));
    if (!(before - after > 0.5 * largest)) return null;
    const step = at(rows.step, row);
    const isSame = policy.every((track) => {
      const here = rowBefore(track, step);
      let usual = track.noise;
      for (let i = Math.max(1, here - sideRows); i < here; i++)
        usual = Math.max(usual, Math.abs(at(track.value, i) - at(track.value, i - 1)));
      return here < 1 || Math.abs(at(track.value, here) - at(track.value, here - 1)) <= sameFactor * usual;
    });
    return isSame ? { row, step } : null;
  },
});
