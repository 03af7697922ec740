import { at } from "../../base/statistics.ts";
import { defineFact } from "../fact.ts";
import { flatGroups, reward, rewardSpread } from "./policy.ts";
import { rewardProgress } from "./solved.ts";
import { levelOf, type Track } from "./track.ts";

/** A stretch at the start, or up to the end of the log, in which all completions of a group got the same reward. */
export interface RewardSignal {
  readonly rows: Track;
  /** First row of the stretch; -1 when the last rows have a signal. */
  readonly row: number;
  readonly step: number;
  readonly count: number;
  /** First row after it; the length of the log while it lasts. */
  readonly endRow: number;
  readonly reward: Track | null;
  /** Level of the reward in the stretch, and whether it is one number in all its rows. */
  readonly level: number;
  readonly isConstant: boolean | null;
  /** The reward rose to the highest level of the run before the signal ended: the task is solved. */
  readonly isSolved: boolean;
}

/** All groups but one in a hundred: what trl#3857 shows is 1 exactly. */
const flatShare = 0.99;
/** With `reward_std` only: 0, up to rounding. */
const noSpread = 1e-6;
/** One row in ten may have a signal: a lucky completion now and then does not move a policy. */
const leastShare = 0.9;
/** A stretch of this many rows goes on over a few more of them. */
const settledRows = 15;
const mostGaps = 3;
/** A start without a signal is told when it took this many rows. */
const startRows = 20;

export const rewardSignal = defineFact<RewardSignal>({
  id: "frac_reward_zero_std or reward_std",
  derive(_run, get) {
    const shares = get(flatGroups);
    const rows = shares ?? get(rewardSpread);
    if (rows === undefined) return undefined;
    const isFlat = (i: number): boolean =>
      shares === undefined ? Math.abs(at(rows.value, i)) <= noSpread : at(rows.value, i) >= flatShare;
    let row = rows.length;
    for (let i = rows.length - 1, gaps = 0; i >= 0; i--) {
      if (isFlat(i)) row = i;
      else if (i === rows.length - 1) break;
      else {
        const seen = rows.length - i;
        if (++gaps > Math.max(seen > settledRows ? mostGaps : 0, (1 - leastShare) * seen)) break;
      }
    }
    let endRow = rows.length;
    if (row === rows.length) {
      // A silent start that was overcome.
      let live = 0;
      let last = 0;
      for (let i = 0; i < rows.length; i++) {
        if (isFlat(i)) last = i + 1;
        else if (++live > (1 - leastShare) * Math.max(startRows, i + 1)) break;
      }
      if (last >= startRows) {
        row = 0;
        endRow = last;
      }
    }
    const step = row < rows.length ? at(rows.step, row) : Number.NaN;
    const rewards = get(reward) ?? null;
    const from = rewards === null ? -1 : firstFrom(rewards, step);
    const isKnown = rewards !== null && from >= 0 && from < rewards.length;
    const to =
      rewards === null ? 0 : endRow === rows.length ? rewards.length : firstFrom(rewards, at(rows.step, endRow));
    const level = isKnown ? levelOf(rewards, from, to) : Number.NaN;
    return {
      rows,
      row: row < rows.length ? row : -1,
      step,
      count: row < rows.length ? endRow - row : 0,
      endRow,
      reward: rewards,
      level,
      isConstant: isKnown ? spreadOf(rewards, from, to) <= noSpread * Math.max(1, Math.abs(level)) : null,
      isSolved: from > 0 && (get(rewardProgress)?.isSolved ?? false),
    };
  },
});

function firstFrom(track: Track, step: number): number {
  let row = track.length;
  while (row > 0 && at(track.step, row - 1) >= step) row -= 1;
  return row;
}

function spreadOf(track: Track, from: number, to: number): number {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = from; i < to; i++) {
    low = Math.min(low, at(track.value, i));
    high = Math.max(high, at(track.value, i));
  }
  return high - low;
}
