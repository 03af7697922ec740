import { at } from "../../base/statistics.ts";
import { defineFact } from "../fact.ts";
import { reward } from "./policy.ts";
import { levelOf, type Track } from "./track.ts";

/** How far the reward came. Entropy that falls and completions that agree are the aim, once the task is solved. */
export interface RewardProgress {
  readonly rows: Track;
  readonly best: number;
  readonly now: number;
  /** The reward rose by more than its noise. */
  readonly hasRisen: boolean;
  /** It rose and stands at its best now. */
  readonly isAtBest: boolean;
  /** ... and a reward between 0 and 1 is near 1, as far as one can tell. */
  readonly isSolved: boolean;
  /** Rewards lie between 0 and 1: one that is near 1 can not rise further. Of others nobody knows. */
  readonly isShare: boolean;
}

/** Rows that say where the reward stands. */
const lastRows = 10;
/** Risen: by this many standard errors of a median of that many rows. */
const riseErrors = 5;
const solvedShare = 0.9;

export const rewardProgress = defineFact<RewardProgress>({
  id: "reward",
  derive(_run, get) {
    const rows = get(reward);
    if (rows === undefined) return undefined;
    let best = Number.NEGATIVE_INFINITY;
    let highest = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < rows.length; i++) {
      best = Math.max(best, at(rows.smooth, i));
      highest = Math.max(highest, at(rows.value, i));
    }
    const now = levelOf(rows, rows.length - lastRows);
    const error = (1.25 * rows.noise) / Math.sqrt(Math.min(lastRows, rows.length));
    const hasRisen = best - rows.start > Math.max(riseErrors * error, 1e-9);
    const isAtBest = hasRisen && now >= best - Math.max(riseErrors * error, 0.1 * (best - rows.start));
    const isShare = highest <= 1 && rows.start >= 0;
    return { rows, best, now, hasRisen, isAtBest, isSolved: isAtBest && (!isShare || now >= solvedShare), isShare };
  },
});
