import { defineFact } from "../fact.ts";
import { isPolicyLoss } from "../names/losses.ts";
import {
  completionLength,
  evalLoss,
  klDivergence,
  reward,
  rewardsChosen,
  rewardStd,
  trainLoss,
  zeroStdShare,
} from "../signals.ts";

/**
 * What the loss means. A `supervised` loss (pre-training, fine-tuning, classification) falls when
 * training works; a `preference` loss (DPO) starts at ln 2; a `reinforcement` loss (GRPO, PPO) is a
 * surrogate around zero whose level says nothing.
 */
export type Objective = "supervised" | "preference" | "reinforcement";

export const objective = defineFact<Objective>({
  id: "objective",
  derive(run) {
    if (run.series(rewardsChosen).length > 0) return "preference";
    const isReinforcement =
      run.series(reward).length > 0 ||
      run.series(rewardStd).length > 0 ||
      run.series(zeroStdShare).length > 0 ||
      run.series(completionLength).length > 0 ||
      run.series(trainLoss).some(({ name }) => isPolicyLoss(name));
    if (isReinforcement) return "reinforcement";
    if (run.series(klDivergence).length > 0 && run.series(evalLoss).length === 0) return "reinforcement";
    return "supervised";
  },
});
