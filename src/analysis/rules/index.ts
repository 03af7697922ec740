import type { Rule } from "../rule.ts";
import { accumulationScaling } from "./accumulation-scaling.ts";
import { attentionLogitGrowth } from "./attention-logit-growth.ts";
import { clippingDominates } from "./clipping-dominates.ts";
import { dataRepeated } from "./data-repeated.ts";
import { deadUnits } from "./dead-units.ts";
import { desynchronisedRanks } from "./desynchronised-ranks.ts";
import { entropyCollapse } from "./entropy-collapse.ts";
import { frozenLayer } from "./frozen-layer.ts";
import { gradientExplosion } from "./gradient-explosion.ts";
import { gradientVanishing } from "./gradient-vanishing.ts";
import { hiddenNonFiniteLoss } from "./hidden-non-finite-loss.ts";
import { initialLossMismatch } from "./initial-loss-mismatch.ts";
import { inputBound } from "./input-bound.ts";
import { klBlowup } from "./kl-blowup.ts";
import { learningRateTooHigh } from "./learning-rate-too-high.ts";
import { lengthExplosion } from "./length-explosion.ts";
import { lossDivergence } from "./loss-divergence.ts";
import { lossPlateau } from "./loss-plateau.ts";
import { lossScaleCollapse } from "./loss-scale-collapse.ts";
import { lossSpike } from "./loss-spike.ts";
import { maskedLabels } from "./masked-labels.ts";
import { memorization } from "./memorization.ts";
import { noLearning } from "./no-learning.ts";
import { nonFiniteLayer } from "./non-finite-layer.ts";
import { nonFiniteLoss } from "./non-finite-loss.ts";
import { outputLogitDrift } from "./output-logit-drift.ts";
import { overfitting } from "./overfitting.ts";
import { policyCollapse } from "./policy-collapse.ts";
import { preferenceDegeneration } from "./preference-degeneration.ts";
import { referenceMismatch } from "./reference-mismatch.ts";
import { resumeDiscontinuity } from "./resume-discontinuity.ts";
import { rewardSignalLost } from "./reward-signal-lost.ts";
import { saturatedActivations } from "./saturated-activations.ts";
import { secondMomentLag } from "./second-moment-lag.ts";
import { stalledRun } from "./stalled-run.ts";
import { stragglerRank } from "./straggler-rank.ts";
import { throughputDrop } from "./throughput-drop.ts";
import { updateRatioOutOfBand } from "./update-ratio-out-of-band.ts";

/** Every rule. Reports list findings of equal severity and onset in this order: roots before their signs. */
export const rules: readonly Rule[] = [
  maskedLabels,
  nonFiniteLayer,
  hiddenNonFiniteLoss,
  nonFiniteLoss,
  lossDivergence,
  learningRateTooHigh,
  desynchronisedRanks,
  referenceMismatch,
  entropyCollapse,
  lengthExplosion,
  policyCollapse,
  klBlowup,
  rewardSignalLost,
  lossScaleCollapse,
  preferenceDegeneration,
  resumeDiscontinuity,
  gradientExplosion,
  gradientVanishing,
  lossSpike,
  secondMomentLag,
  outputLogitDrift,
  attentionLogitGrowth,
  saturatedActivations,
  updateRatioOutOfBand,
  accumulationScaling,
  initialLossMismatch,
  noLearning,
  deadUnits,
  frozenLayer,
  lossPlateau,
  clippingDominates,
  overfitting,
  memorization,
  dataRepeated,
  throughputDrop,
  stragglerRank,
  inputBound,
  stalledRun,
];
