import { defineFact } from "../fact.ts";
import { options } from "./options.ts";

/** What is known of the optimizer from the configuration, as its user wrote it. */
export interface Optimizer {
  readonly name: string;
  /** Divides by the size of past gradients, so that the length of one gradient hardly matters. */
  readonly isAdaptive: boolean;
  /** Nobody said so: the model is one that hardly anything else trains. */
  readonly isSupposed: boolean;
}

/**
 * Rates beyond which an optimizer is hardly used, where that is not Adam's. Adagrad's steps shrink with all gradients so
 * far: 0.01 (PyTorch) to 0.1 (TensorFlow's recommenders) are usual. Adafactor, LAMB and Muon make updates as large as
 * the rate says relative to the weights: 0.01 (https://arxiv.org/abs/1804.04235), to 0.018 (https://arxiv.org/abs/1904.00962)
 * and 0.02 (https://kellerjordan.github.io/posts/muon/) are their recipes. Prodigy and D-Adaptation find the rate
 * themselves and want a factor of 1 (https://arxiv.org/abs/2306.06101).
 */
const ownRates: readonly (readonly [RegExp, number])[] = [
  [/prodigy|d-?adapt/i, 10],
  [/adagrad/i, 1],
  [/adafactor|lamb|muon/i, 0.1],
];
const otherwise = 0.01;
/** SGD with momentum is used with up to about 0.1 to 1. */
export const extremeSgd = 1;

/** Adam is used with 1e-5 to 3e-3 in every recipe that is cited in `docs`; UMLAUT warns above 0.01. */
export const extremeRateOf = ({ name, isAdaptive }: Optimizer): number =>
  isAdaptive ? (ownRates.find(([pattern]) => pattern.test(name))?.[1] ?? otherwise) : extremeSgd;

const names = [
  "llmdbg.watch.optimizer",
  "optim",
  "optimizer",
  "optimizer.name",
  "optimizer.type",
  "optimizer_name",
  "optimizer_type",
];

/** Settings that Adam and its kin have, and SGD has not. */
const adamsOwn = ["beta2", "adam_beta2", "betas", "betas.1", "adam_betas", "adam_epsilon", "adam_eps", "adam_beta1"];
/**
 * SGD hardly trains a transformer on text (https://arxiv.org/abs/1912.03194, https://arxiv.org/abs/2402.19449), and no
 * published recipe does; on images it is used with momentum (https://arxiv.org/abs/2010.11929).
 */
const attention = [
  "num_attention_heads",
  "attention_heads",
  "encoder_attention_heads",
  "num_heads",
  "n_heads",
  "n_head",
  "nhead",
  "heads",
];
const othersOwn = ["momentum", "nesterov", "patch_size", "patch", "image_size", "img_size", "in_channels"];

export const optimizer = defineFact<Optimizer>({
  id: "optimizer",
  derive(run, get) {
    const name = run.config(...names);
    if (typeof name === "string" && name !== "") return named(name);
    if (run.config(...adamsOwn) !== undefined || get(options)?.number("adam_beta2") !== undefined)
      return { name: "Adam", isAdaptive: true, isSupposed: false };
    return run.config(...attention) !== undefined && run.config(...othersOwn) === undefined
      ? { name: "Adam for a transformer", isAdaptive: true, isSupposed: true }
      : undefined;
  },
});

function named(name: string): Optimizer | undefined {
  if (/adam|lamb|adafactor|rmsprop|adagrad|lion|sophia|muon|shampoo|prodigy|d-?adapt/i.test(name))
    return { name, isAdaptive: true, isSupposed: false };
  return /sgd|momentum|nesterov/i.test(name) ? { name, isAdaptive: false, isSupposed: false } : undefined;
}
