import { at, median } from "../../base/statistics.ts";
import { defineFact } from "../fact.ts";
import { longest } from "../facts/curve.ts";
import { defineSign } from "../rule.ts";
import { rewardsChosen, rewardsRejected } from "../signals.ts";

/** Medians of the first and last rows of both implicit rewards. */
const implicitRewards = defineFact<{ chosen: number; rejected: number; margin: number }>({
  id: "rewards/chosen and rewards/rejected",
  derive(run) {
    const chosen = longest(run.series(rewardsChosen));
    const rejected = longest(run.series(rewardsRejected));
    if (chosen === undefined || rejected === undefined || chosen.length < 10 || rejected.length < 10) return undefined;
    const change = (values: Float64Array): number => median(values.subarray(-5)) - median(values.subarray(0, 5));
    return {
      chosen: change(chosen.value),
      rejected: change(rejected.value),
      margin: at(chosen.value, chosen.length - 1) - at(rejected.value, rejected.length - 1),
    };
  },
});

export const bothRewardsFall = defineSign({
  id: "both-rewards-fall",
  needs: { rewards: implicitRewards },
  explain({ rewards }) {
    if (!(rewards.chosen < 0 && rewards.rejected < rewards.chosen && rewards.margin > 0)) return [];
    return [
      {
        sign: "The rewards of chosen and of rejected answers both fall.",
        why: "DPO only widens the margin between the two, and does; both log probabilities falling is what most runs show (direct-preference-optimization#8, trl#800). It is a fault when answers grow longer or worse as well.",
      },
    ];
  },
});
