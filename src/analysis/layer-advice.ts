import type { Advice } from "../model/finding.ts";
import type { LearningRate } from "./facts/learning-rate.ts";
import type { Options } from "./facts/options.ts";
import { round, say } from "./numbers.ts";

/** Changes of a model's structure: no trainer has an option for them, so they name the line of code. */
const structural = (advice: Omit<Advice, "changes" | "dialect">): Advice => ({
  ...advice,
  changes: [],
  dialect: null,
});

export const addNormalisation = (layer: string): Advice =>
  structural({
    id: "add-normalisation",
    summary: `Put a normalisation (LayerNorm or RMSNorm; BatchNorm for images) before ${layer} and its like, or add the residual path around them.`,
    expect: "The standard deviation of activations stays between 0.5 and 2 from the first layer to the last.",
    source: "https://arxiv.org/abs/1607.06450",
  });

export const scaleInitialization = (layer: string, isTooLarge: boolean, options: Options): Advice => ({
  id: isTooLarge ? "lower-initialization" : "raise-initialization",
  summary: `${isTooLarge ? "Lower" : "Raise"} the initialisation of ${layer} and its like: standard deviation sqrt(2 / inputs) before a ReLU, sqrt(1 / inputs) before tanh or a linear output${isTooLarge ? ", and divided by sqrt(2 x layers) where it ends a residual branch" : ""}.`,
  changes: isTooLarge && options.has("initializer_range") ? [options.change("initializer_range", 0.02)] : [],
  dialect: options.dialect,
  expect: "Activations and gradients of the first step have about the same size in all layers.",
  source: "https://arxiv.org/abs/1502.01852",
});

export const leakyActivation = (layer: string): Advice =>
  structural({
    id: "leaky-activation",
    summary: `Use GELU, SiLU or LeakyReLU instead of ReLU in ${layer}: their gradient is not 0 below 0, so that a unit can come back.`,
    expect: "The share of dead units falls below a tenth and stays there.",
    source: "https://arxiv.org/abs/1903.06733",
  });

export const unboundedActivation = (layer: string): Advice =>
  structural({
    id: "unbounded-activation",
    summary: `Use ReLU, GELU or SiLU instead of tanh or sigmoid in ${layer}; a gate that needs its bounds needs smaller inputs.`,
    expect: "Few outputs stand at their bounds and the layers below get a gradient.",
    source: "https://proceedings.mlr.press/v9/glorot10a.html",
  });

export const normaliseQueries: Advice = structural({
  id: "add-qk-norm",
  summary: "Normalise queries and keys (LayerNorm or RMSNorm over the head dimension) before their product.",
  expect: "The largest attention logit stays below about 100 at learning rates that diverged before.",
  source: "https://arxiv.org/abs/2309.14322",
});

export const lowerRateOf = (options: Options, rate: LearningRate | null, factor: number, expect: string): Advice[] => {
  const configured = [options.number("learning_rate"), rate?.peak].find((one) => one !== undefined && one > 0);
  if (configured === undefined) return [];
  const to = round(configured / factor);
  return [
    {
      id: factor > 1 ? "lower-learning-rate" : "raise-learning-rate",
      summary: `${factor > 1 ? "Lower" : "Raise"} the learning rate from ${say(configured)} to ${say(to)}.`,
      changes: [options.change("learning_rate", to, rate?.peak)],
      dialect: options.dialect,
      expect,
      source:
        "https://github.com/google-research/tuning_playbook#how-can-optimization-failures-be-debugged-and-mitigated",
    },
  ];
};
