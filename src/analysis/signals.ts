import * as names from "./metric-names.ts";

/**
 * Signals: the meanings that rules look for, and the names under which trainers log them.
 * A metric keeps its own name everywhere; a signal only says what it is. The server loads into
 * the engine just the series that carry a signal.
 */
export interface Signal {
  readonly id: string;
  matches(name: string, labels: Readonly<Record<string, string>>): boolean;
}

/** Names of series that hold one number a layer; `layer/grad_norm` is not the gradient norm of the run. */
const layerPrefix = "layer/";
export const isLayerSeries = (name: string): boolean => name.startsWith(layerPrefix);

const named = (id: string, pattern: RegExp, unless?: RegExp): Signal => ({
  id,
  matches: (name) => !isLayerSeries(name) && pattern.test(name) && !(unless?.test(name) ?? false),
});

const isEval = names.heldOut;
const training: Signal["matches"] = (name, labels) => !isEval.test(name) && (labels["split"] ?? "train") === "train";

/** Loss of the training split. */
export const trainLoss: Signal = {
  id: "loss",
  matches: (name, labels) => names.trainLossName.test(name) && training(name, labels),
};

/** What is minimised where no line has the whole: of an actor, a generator, a head. */
export const partialLoss = named("part of a loss", /loss(es)?([/_](step|epoch|mean|avg|total))?$/i, isEval);

/** Loss of a held-out split. */
export const evalLoss: Signal = {
  id: "eval_loss",
  matches: (name, labels) =>
    names.heldOutLossName.test(name) ||
    (/^loss$/i.test(name) && ["eval", "val", "valid", "validation", "test"].includes(labels["split"] ?? "")),
};

export const gradNorm = named("grad_norm", names.gradNormName, isEval);
export const learningRate = named("learning_rate", names.learningRateName, isEval);
export const lossScale = named("loss_scale", /(^|[/_. ])(loss[ _-]?scale|grad[ _-]?scale|scaler_scale)$/i);
export const epoch = named("epoch", /^(train[/_])?epoch$/i);
export const stepsPerSecond = named("steps_per_second", names.stepsPerSecondName, isEval);
/** Lightning `batch_time`, Megatron `elapsed time per iteration (ms)`, torchtitan `end_to_end(s)`, verl `timing_s/step`. */
export const stepTime = named("step_time", names.stepTimeName, isEval);
export const throughput = named("throughput", names.throughputName, isEval);
/** Time that a step waits for its batch: mmengine and timm `data_time`, torchtitan, Megatron `batch-generator`, OLMo, TraceML. */
export const dataTime = named(
  "data_time",
  /(^|[/_. ])(data[_-]time|data[_ -]loading ?\(s\)|batch-generator(-time)?|(data|batch|sample)?_?(loader|loading|load|reader|reading|read|fetch(ing)?|io|next_batch|get_batch)[_-](time|wait|latency)|data[_-](time|wait|latency)|t_data|(input|batch)[_-]wait|wait(ing)?[_-](for[_-])?(data|batch|input)|timing_s\/data)(_?ms|_?s|_?sec|_?secs|_?seconds)?$/i,
  isEval,
);
/** The same as a share of the step, in percent or from 0 to 1. */
export const dataShare = named(
  "data_time share",
  /(^|[/_. ])(data[_ -]loading ?\(%\)|(data|input|dataloader)[_-]?(wait|time)?[_-](share|fraction|pct|percent))$/i,
  isEval,
);
/** What `llmdbg run` samples of the machine; their step is a number of seconds. */
export const cpuUse = named("system/cpu_percent", /^system\/cpu_percent$/);
export const gpuUse = named("system/gpu_utilisation", /^system\/gpu_utilisation$/);
/** Hash of the replicated parameters, label `rank`. */
export const parametersHash = named("parameters/hash", /^parameters\/hash$/);

/** TRL `reward`, PPO `objective/scores`, verl `critic/score/mean` and `critic/rewards/mean`, OpenRLHF `reward`. */
export const reward = named(
  "reward",
  /(^|[/_. ])(reward|rewards\/mean|reward_mean|mean_reward|objective\/scores|critic\/score\/mean)$/i,
  isEval,
);
export const rewardStd = named("reward_std", /(^|[/_. ])reward_std$/i, isEval);
/** verl logs the extremes of a batch, and no deviation. */
export const rewardMax = named(
  "critic/score/max",
  /(^|[/_. ])((score|scores|rewards?)\/max|(reward|score)_max|max_(reward|score))$/i,
  isEval,
);
export const rewardMin = named(
  "critic/score/min",
  /(^|[/_. ])((score|scores|rewards?)\/min|(reward|score)_min|min_(reward|score))$/i,
  isEval,
);
/** How far one round of updates moved the policy: PPO's own divergence, not that to the reference. */
export const updateKl = named(
  "approx_kl",
  /(^|[/_. ])(ppo_kl|approx_?kl(_avg)?|old_approx_kl|policy\/approxkl_avg)$/i,
  isEval,
);
export const zeroStdShare = named("frac_reward_zero_std", /(^|[/_. ])frac_reward_zero_std$/i, isEval);
export const klDivergence = named("kl", /(^|[/_. ])(kl|objective\/kl|kl_loss|approx_?kl)$/i);
/** Only the distance to the reference model: PPO's approx_kl and ppo_kl are between two updates. */
export const referenceKl = named(
  "kl to the reference",
  /(^|[/_. ])(kl|kl_loss|kl_div(ergence)?|mean_kl|ref_kl)$/i,
  /approx_?kl|ppo_kl|old|(^|[/_. -])(eval|val|valid|validation|test|dev)([/_. -]|$)/i,
);
export const entropy = named(
  "entropy",
  /(^|[/_. ])(entropy|objective\/entropy|policy\/entropy_avg|actor\/entropy_loss|policy_entropy)$/i,
  /cross_entropy|(^|[/_. -])(eval|val|valid|validation|test|dev)([/_. -]|$)/i,
);
export const completionLength = named(
  "completion_length",
  /(^|[/_. ])(completions\/mean_length|completion_length|response_length(\/mean)?)$/i,
  isEval,
);
/** Share of completions that reached the limit. TRL's `clip_ratio/...` is another thing: clipped policy ratios. */
export const truncatedShare = named(
  "completions/clipped_ratio",
  /(^|[/_. ])(completions\/clipped_ratio|response_length\/clip_ratio|truncat(ed|ion)_(ratio|share|rate))$/i,
  isEval,
);
export const longestCompletion = named(
  "completions/max_length",
  /(^|[/_. ])(completions\/max_length|response_length\/max)$/i,
  isEval,
);
/** Share of tokens whose policy ratio was clipped. */
export const clippedRatios = named(
  "clip_ratio",
  /(^|[/_. ])(clip_ratio(\/region_mean)?|pg_clipfrac|policy\/clipfrac_avg|clipfrac)$/i,
  /response_length/i,
);
/** How far the probabilities of the sampler are from those of the trainer. */
export const samplerGap = named(
  "sampling/sampling_logp_difference/mean",
  /(^|[/_. ])(sampling_logp_difference\/mean|rollout_probs_diff_mean)$/i,
);
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
/** Task metrics on a held-out split, e.g. `eval_accuracy`, `val/bleu`, `eval_wer`. */
export const evalMetric: Signal = {
  id: "eval_metric",
  matches: (name, labels) => !evalLoss.matches(name, labels) && names.taskMetricName.test(name),
};

/** How often the first guess is right, on training batches. */
export const trainAccuracy: Signal = {
  id: "accuracy",
  matches: (name) => !isEval.test(name) && /(^|[/_.\s-])(acc(uracy)?(@?1)?|top[_-]?1)$/i.test(name),
};

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

/** Number of classes or tokens that the output chooses among. */
export const logitsSize: Signal = { id: "logits/size", matches: (name) => name === "logits/size" };

/** What the model is given, as `llmdbg.watch` sees it. */
export const inputMean: Signal = { id: "input/mean", matches: (name) => name === "input/mean" };
export const inputStd: Signal = { id: "input/std", matches: (name) => name === "input/std" };
export const inputAbsMax: Signal = { id: "input/abs_max", matches: (name) => name === "input/abs_max" };

const signals: readonly Signal[] = [
  trainLoss,
  evalLoss,
  gradNorm,
  learningRate,
  lossScale,
  epoch,
  stepsPerSecond,
  stepTime,
  throughput,
  dataTime,
  dataShare,
  cpuUse,
  gpuUse,
  parametersHash,
  reward,
  rewardStd,
  rewardMax,
  rewardMin,
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
