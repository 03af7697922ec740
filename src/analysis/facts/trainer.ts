import { defineFact, type RunView } from "../fact.ts";
import { isPolicyLoss } from "../names/losses.ts";
import { longest } from "./curve.ts";
import {
  clippedRatios,
  completionLength,
  entropy,
  evalLoss,
  evalMetric,
  klDivergence,
  pairMargin,
  reward,
  rewardsChosen,
  rewardStd,
  trainAccuracy,
  trainLoss,
  truncatedShare,
  zeroStdShare,
} from "../signals.ts";

/**
 * What the loss means. A `supervised` loss (pre-training, fine-tuning, classification) falls when
 * training works; a `preference` loss (DPO) starts at ln 2; a `reinforcement` loss (GRPO, PPO) is a
 * surrogate around zero whose level says nothing.
 */
export type Objective = "supervised" | "preference" | "reinforcement";

/** A policy writes answers that are scored: it has lengths, an entropy, a distance to what it was, ratios that are clipped. */
const isPolicy = (run: RunView): boolean =>
  [completionLength, truncatedShare, zeroStdShare, entropy, klDivergence, clippedRatios].some(
    (one) => run.series(one).length > 0,
  ) || run.series(trainLoss).some(({ name }) => isPolicyLoss(name));

/**
 * A reward model tells the better answer of each pair: it logs how often it does (accuracy) and by how much (margin) beside
 * the rewards that it gives (TRL's RewardTrainer: min_reward, mean_reward, max_reward). Its loss is a cross-entropy of two
 * classes, and as supervised as that of any classifier. A policy may log an accuracy of its answers, but no margin.
 */
export const rewardModelling = defineFact<boolean>({
  id: "accuracy and margin of pairs",
  derive: (run) =>
    run.series(rewardsChosen).length === 0 &&
    run.series(pairMargin).length > 0 &&
    [trainAccuracy, evalMetric].some((one) => run.series(one).length > 0) &&
    [reward, rewardStd].some((one) => run.series(one).length > 0) &&
    !isPolicy(run),
});

/** Both answers of each pair got the same reward in every row. */
export const evenPairs = defineFact<boolean>({
  id: "accuracy and margin of pairs",
  derive(run, get) {
    const margins = get(rewardModelling) === true ? longest(run.series(pairMargin)) : undefined;
    return margins?.value.subarray(0, margins.length).every((margin) => margin === 0);
  },
});

export const objective = defineFact<Objective>({
  id: "objective",
  derive(run, get) {
    if (run.series(rewardsChosen).length > 0) return "preference";
    if (get(rewardModelling) === true) return "supervised";
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
