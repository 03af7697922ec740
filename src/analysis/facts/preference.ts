import { defineFact, type Fact } from "../fact.ts";
import {
  chosenLogps,
  heldOutAccuracies,
  rejectedLogps,
  rewardAccuracies,
  rewardMargins,
  rewardsChosen,
  rewardsRejected,
  type Signal,
} from "../signals.ts";
import { type Curve, valueAtStep, whole } from "./curve.ts";
import { plainest, type Track, trackOf, trackOfFact } from "./track.ts";

const preferenceTrack = (id: string, signal: Signal): Fact<Track> =>
  trackOfFact(
    defineFact<Curve>({
      id,
      derive(run) {
        const series = plainest(run.series(signal));
        return series === undefined ? undefined : whole(series);
      },
    }),
  );

/** Implicit rewards of DPO: beta times the log ratio of policy and reference. Both are 0 at the start. */
export const chosen = preferenceTrack("rewards/chosen", rewardsChosen);
export const rejected = preferenceTrack("rewards/rejected", rewardsRejected);
export const accuracies = preferenceTrack("rewards/accuracies", rewardAccuracies);
export const heldOut = preferenceTrack("eval_rewards/accuracies", heldOutAccuracies);
export const logpsChosen = preferenceTrack("logps/chosen", chosenLogps);
export const logpsRejected = preferenceTrack("logps/rejected", rejectedLogps);
const loggedMargins = preferenceTrack("rewards/margins", rewardMargins);

/** Logged, or the difference of the two rewards. */
export const margins = defineFact<Track>({
  id: "rewards/margins",
  derive(_run, get) {
    const logged = get(loggedMargins);
    if (logged !== undefined) return logged;
    const [up, down] = [get(chosen), get(rejected)];
    if (up === undefined || down === undefined) return undefined;
    const value = up.value.map((one, i) => one - (valueAt(down, up, i) ?? Number.NaN));
    return trackOf({ series: up.series, step: up.step, time: up.time, value, length: up.length });
  },
});

/** Logged in the same rows, as a rule; otherwise looked up by step. */
const valueAt = (of: Track, like: Track, row: number): number | undefined => {
  const step = like.step[row] ?? Number.NaN;
  return of.step[row] === step ? of.value[row] : valueAtStep(of, step);
};
