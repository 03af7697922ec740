import { lossRank, saysLoss } from "./names/losses.ts";
import { gradNormRank, isLossScale, learningRateRank } from "./names/optimization.ts";
import * as policy from "./names/policy.ts";
import { isAccuracy, isHeldOutOnly, qualityOf } from "./names/quality.ts";
import {
  isBatchSize,
  isDataShare,
  isDataTime,
  isEpochTime,
  isStepRate,
  isThroughput,
  stepTimeRank,
} from "./names/speed.ts";
import { splitOf, wordsOf } from "./names/words.ts";

/**
 * Signals: the meanings that rules look for, and the names under which trainers log them.
 * A metric keeps its own name everywhere; a signal only says what it is. The server loads into
 * the engine just the series that carry a signal.
 */
export interface Signal {
  readonly id: string;
  /** Of several names that carry it, the smaller one is meant first: `loss` before `box_loss`. */
  rank?(name: string): number;
  matches(name: string, labels: Readonly<Record<string, string>>): boolean;
}

/** Names of series that hold one number a layer; `layer/grad_norm` is not the gradient norm of the run. */
const layerPrefix = "layer/";
export const isLayerSeries = (name: string): boolean => name.startsWith(layerPrefix);

const named = (id: string, pattern: RegExp, unless?: RegExp): Signal => ({
  id,
  matches: (name) => !isLayerSeries(name) && pattern.test(name) && !(unless?.test(name) ?? false),
});

/** A signal of training whose names are told by their words; what is measured on held-out data is another one. */
const told = (id: string, is: (name: string) => boolean): Signal => ({
  id,
  matches: (name, labels) => !isLayerSeries(name) && is(name) && splitOf(name, labels) === "train",
});
/** The same where several names of different rank carry it: facts take the best one. */
const ranked = (id: string, rankOf: (name: string) => number | undefined): Signal => ({
  ...told(id, (name) => rankOf(name) !== undefined),
  rank: (name) => rankOf(name) ?? Number.POSITIVE_INFINITY,
});

/** Loss of the training split. */
export const trainLoss: Signal = ranked("loss", lossRank);

/** What is minimised where no line has the whole: of a critic, a discriminator, a penalty. */
export const partialLoss = told("part of a loss", saysLoss);

/** Loss of a held-out split. */
export const evalLoss: Signal = {
  id: "eval_loss",
  matches: (name, labels) => !isLayerSeries(name) && lossRank(name) !== undefined && splitOf(name, labels) === "eval",
  rank: (name) => lossRank(name) ?? Number.POSITIVE_INFINITY,
};

export const gradNorm = ranked("grad_norm", gradNormRank);
export const learningRate = ranked("learning_rate", learningRateRank);
export const lossScale = told("loss_scale", isLossScale);
export const epoch = told("epoch", (name) => /^((trainer|progress) )?epochs?$/.test(wordsOf(name).full));
export const stepsPerSecond = told("steps_per_second", isStepRate);
/** Lightning `batch_time`, Megatron `elapsed time per iteration (ms)`, torchtitan `end_to_end(s)`, verl `timing_s/step`. */
export const stepTime = ranked("step_time", stepTimeRank);
export const throughput = told("throughput", isThroughput);
/** Examples of one step: Megatron `global batch size`, `batch_size` of those who let it grow. */
export const batchSize = told("batch_size", isBatchSize);
export const epochTime = told("epoch_time", isEpochTime);
/** Time that a step waits for its batch: mmengine and timm `data_time`, torchtitan, Megatron `batch-generator`, OLMo, TraceML. */
export const dataTime = told("data_time", isDataTime);
/** The same as a share of the step, in percent or from 0 to 1. */
export const dataShare = told("data_time share", isDataShare);
/** ESPnet's names; `facts/step-times.ts` says when they are those. */
export const batchWait = named("iter_time", /^(train[/.])?iter_time$/);
export const trainTime = named("train_time", /^(train[/.])?train_time$/);
export const optimizerTime = named("optim_step_time", /^(train[/.])?optim_step_time$/);
/** What `llmdbg run` samples of the machine; their step is a number of seconds. */
export const cpuUse = named("system/cpu_percent", /^system\/cpu_percent$/);
export const gpuUse = named("system/gpu_utilisation", /^system\/gpu_utilisation$/);
/** Hash of the replicated parameters, label `rank`. */
export const parametersHash = named("parameters/hash", /^parameters\/hash$/);

export const reward = told("reward", policy.isReward);
export const rewardStd = told("reward_std", policy.isRewardSpread);
export const rewardMin = told("reward/min", policy.isLowestReward);
/** verl, SkyRL and prime-rl log the extremes of a batch, and no deviation. */
export const rewardMax = told("reward/max", policy.isHighestReward);
/** Of pairs of answers, by a model of rewards; `rewards/margins` of DPO are those of a policy. */
export const pairMargin = told("margin", policy.isPairMargin);
export const zeroStdShare = told("frac_reward_zero_std", policy.isFlatShare);
/** Between two updates: how far one step moved the policy. */
export const updateKl = told("approx_kl", policy.isUpdateKl);
/** Only the distance to the reference model: PPO's approx_kl and ppo_kl are between two updates. */
export const referenceKl = told("kl to the reference", policy.isReferenceKl);
export const klDivergence = told("kl", (name) => policy.isReferenceKl(name) || policy.isUpdateKl(name));
export const entropy = told("entropy", policy.isEntropy);
export const completionLength = told("completion_length", policy.isAnswerLength);
/** Share of completions that reached the limit. TRL's `clip_ratio/...` is another thing: clipped policy ratios. */
export const truncatedShare = told("completions/clipped_ratio", policy.isCutShare);
export const longestCompletion = told("completions/max_length", policy.isLongestAnswer);
/** Share of tokens whose policy ratio was clipped. */
export const clippedRatios = told("clip_ratio", policy.isClippedShare);
/** How far the probabilities of the sampler are from those of the trainer. */
export const samplerGap = told("sampling/sampling_logp_difference/mean", policy.isSamplerGap);
export const rewardsChosen = named("rewards_chosen", /^(train[/_])?(rewards\/chosen|chosen_rewards?)$/i);
export const rewardsRejected = named("rewards_rejected", /^(train[/_])?(rewards\/rejected|reject(ed)?_rewards?)$/i);
export const rewardMargins = named("rewards/margins", /^(train[/_])?rewards\/margins$/i);
export const rewardAccuracies = named("rewards/accuracies", /^(train[/_])?rewards\/accuracies$/i);
export const heldOutAccuracies = named(
  "eval_rewards/accuracies",
  /^(eval|val|valid|validation|test)[/_]rewards\/accuracies$/i,
);
export const chosenLogps = named("logps/chosen", /^(train[/_])?logps\/chosen$/i);
export const rejectedLogps = named("logps/rejected", /^(train[/_])?logps\/rejected$/i);
/** Task metrics on a held-out split, e.g. `eval_accuracy`, `val/bleu`, `eval_wer`; facts leave out what is the loss. */
export const evalMetric: Signal = {
  id: "eval_metric",
  matches: (name, labels) =>
    !isLayerSeries(name) &&
    qualityOf(name) !== undefined &&
    !evalLoss.matches(name, labels) &&
    (splitOf(name, labels) === "eval" || (isHeldOutOnly(name) && wordsOf(name).split === null)),
};

/** How often the first guess is right, on training batches. */
export const trainAccuracy = told("accuracy", isAccuracy);

/** One statistic of each layer, as `llmdbg.watch` logs them: the label `layer` is the module's path. */
const ofLayers = (stat: string): Signal => ({
  id: `${layerPrefix}${stat}`,
  matches: (name, labels) => name === `${layerPrefix}${stat}` && labels["layer"] !== undefined,
});
export const layerGradNorm = ofLayers("grad_norm");
export const layerGradRms = ofLayers("grad_rms");
export const layerWeightNorm = ofLayers("weight_norm");
export const layerUpdateRatio = ofLayers("update_ratio");
export const layerActivationStd = ofLayers("activation_std");
export const layerActivationMax = ofLayers("activation_abs_max");
export const layerDeadShare = ofLayers("dead_share");
export const layerSaturatedShare = ofLayers("saturated_share");
/** sqrt(mean(g^2 / v)) of an Adam-like optimizer: 1 while its second moment keeps up with the gradients. */
export const layerUpdateRms = ofLayers("update_rms");
export const layerNonFinite = ofLayers("non_finite");
export const layerAttentionMax = ofLayers("attention_logit_max");
export const layerAttentionEntropy = ofLayers("attention_entropy");

const layerSignals: ReadonlyMap<string, Signal> = new Map(
  [
    layerGradNorm,
    layerGradRms,
    layerWeightNorm,
    layerUpdateRatio,
    layerActivationStd,
    layerActivationMax,
    layerDeadShare,
    layerSaturatedShare,
    layerUpdateRms,
    layerNonFinite,
    layerAttentionMax,
    layerAttentionEntropy,
  ].map((signal) => [signal.id, signal]),
);
/** Mean log-sum-exp of the output logits. */
export const logitsLogZ: Signal = { id: "logits/log_z", matches: (name) => name === "logits/log_z" };

/** Labels in a batch: YOLO's `Instances` (once `labels`), `num_targets`, `num_boxes`, torchvision's and DETR's `num_gt`. */
export const labelCount = told("number of labels in a batch", (name) =>
  /^((num|number|n|count)( of)? )?(instances|labels|targets|objects|boxes|gt|gts)( count)?$/.test(wordsOf(name).core),
);

/** Number of classes or tokens that the output chooses among. */
export const logitsSize: Signal = { id: "logits/size", matches: (name) => name === "logits/size" };

/** What the model is given, as `llmdbg.watch` sees it. */
export const inputMean: Signal = { id: "input/mean", matches: (name) => name === "input/mean" };
export const inputStd: Signal = { id: "input/std", matches: (name) => name === "input/std" };
export const inputAbsMax: Signal = { id: "input/abs_max", matches: (name) => name === "input/abs_max" };

const objectives: readonly Signal[] = [trainLoss, evalLoss, partialLoss, reward];
/** Whether a series is what training lowers or raises: most rules look at that curve. */
export const isObjective = (name: string, labels: Readonly<Record<string, string>>): boolean =>
  objectives.some((signal) => signal.matches(name, labels));

const signals: readonly Signal[] = [
  trainLoss,
  evalLoss,
  gradNorm,
  learningRate,
  lossScale,
  epoch,
  stepsPerSecond,
  stepTime,
  epochTime,
  throughput,
  batchSize,
  dataTime,
  dataShare,
  batchWait,
  trainTime,
  optimizerTime,
  cpuUse,
  gpuUse,
  parametersHash,
  reward,
  rewardStd,
  rewardMax,
  rewardMin,
  pairMargin,
  updateKl,
  zeroStdShare,
  klDivergence,
  referenceKl,
  entropy,
  completionLength,
  truncatedShare,
  longestCompletion,
  clippedRatios,
  samplerGap,
  rewardsChosen,
  rewardsRejected,
  rewardMargins,
  rewardAccuracies,
  heldOutAccuracies,
  chosenLogps,
  rejectedLogps,
  evalMetric,
  trainAccuracy,
  partialLoss,
  labelCount,
  logitsLogZ,
  logitsSize,
  inputMean,
  inputStd,
  inputAbsMax,
];

/** Whether any rule can look at this series; the server keeps only these in the engine's memory. */
export const isAnalysed = (name: string, labels: Readonly<Record<string, string>>): boolean =>
  isLayerSeries(name)
    ? (layerSignals.get(name)?.matches(name, labels) ?? false)
    : signals.some((signal) => signal.matches(name, labels));
