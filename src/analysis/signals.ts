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

const isEval = /(^|[/_. -])(eval|val|valid|validation|test|dev)([/_. -]|$)/i;
const training: Signal["matches"] = (name, labels) => !isEval.test(name) && (labels["split"] ?? "train") === "train";

/** Loss of the training split. */
export const trainLoss: Signal = {
  id: "loss",
  matches: (name, labels) =>
    /^((train|training)[/_. ])?((lm|total|epoch|batch|running|average|avg|mean|nll|ce|cross_entropy|policy)[/_. ])?loss([/_](step|epoch|avg|mean))?$/i.test(
      name,
    ) && training(name, labels),
};

/** Loss of a held-out split. */
export const evalLoss: Signal = {
  id: "eval_loss",
  matches: (name, labels) =>
    /^((eval|val|valid|validation|test|dev)[/_. ])((lm|total|epoch|nll|ce)[/_. ])?loss([/_](step|epoch))?$/i.test(
      name,
    ) ||
    (/^loss$/i.test(name) && ["eval", "val", "valid", "validation", "test"].includes(labels["split"] ?? "")),
};

export const gradNorm = named(
  "grad_norm",
  /(^|[/_. ])(grad|gradient|global_grad|total_grad)[/_. -]?norm(_total)?$|^gnorm$|^grad norm$/i,
  isEval,
);
export const learningRate = named("learning_rate", /(^|[/_. ])(learning[ _-]?rate|lr)([/_-](group)?\d+)?$/i, isEval);
export const lossScale = named("loss_scale", /(^|[/_. ])(loss[ _-]?scale|grad[ _-]?scale|scaler_scale)$/i);
export const epoch = named("epoch", /^(train[/_])?epoch$/i);
export const stepsPerSecond = named("steps_per_second", /(^|[/_. ])(it_per_s|steps_per_sec(ond)?|it\/s|steps\/s)$/i);
const stepTime = named(
  "step_time",
  /(^|[/_. ])(step_time|iter_time|elapsed time per iteration \(ms\)|time_per_step|timing_s\/step|sec_per_it)(_ms|_s)?$/i,
);
export const throughput = named(
  "throughput",
  /(^|[/_. ])(tokens_per_sec(ond)?|samples_per_sec(ond)?|tps|tok\/s|tokens\/s|wps|ups|throughput)$/i,
  isEval,
);
export const reward = named("reward", /(^|[/_. ])(reward|rewards\/mean|reward_mean|objective\/scores)$/i);
export const rewardStd = named("reward_std", /(^|[/_. ])(reward_std|frac_reward_zero_std)$/i);
export const klDivergence = named("kl", /(^|[/_. ])(kl|objective\/kl|kl_loss|approx_?kl)$/i);
const entropy = named("entropy", /(^|[/_. ])(entropy|objective\/entropy|policy\/entropy_avg)$/i);
export const completionLength = named(
  "completion_length",
  /(^|[/_. ])(completions\/mean_length|completion_length|response_length\/mean)$/i,
);
export const rewardsChosen = named("rewards_chosen", /^(train[/_])?rewards\/chosen$/i);
export const rewardsRejected = named("rewards_rejected", /^(train[/_])?rewards\/rejected$/i);
/** Task metrics on a held-out split, e.g. `eval_accuracy`, `val/bleu`, `eval_wer`. */
export const evalMetric: Signal = {
  id: "eval_metric",
  matches: (name, labels) =>
    isEval.test(name) &&
    !evalLoss.matches(name, labels) &&
    /(acc(uracy)?|f1|bleu|rouge\w*|chrf|exact_match|em|wer|cer|auc|mcc|ndcg\w*|map\d*|recall\w*|precision\w*|perplexity|ppl)(@\d+)?$/i.test(
      name,
    ),
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
export const layerZeroShare = ofLayers("activation_zero_share");
export const layerDeadShare = ofLayers("dead_share");
export const layerSaturatedShare = ofLayers("saturated_share");
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
    layerZeroShare,
    layerDeadShare,
    layerSaturatedShare,
    layerNonFinite,
    layerAttentionMax,
    layerAttentionEntropy,
  ].map((signal) => [signal.id, signal]),
);

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
  reward,
  rewardStd,
  klDivergence,
  entropy,
  completionLength,
  rewardsChosen,
  rewardsRejected,
  evalMetric,
];

/** Whether any rule can look at this series; the server keeps only these in the engine's memory. */
export const isAnalysed = (name: string, labels: Readonly<Record<string, string>>): boolean =>
  isLayerSeries(name)
    ? (layerSignals.get(name)?.matches(name, labels) ?? false)
    : signals.some((signal) => signal.matches(name, labels));
