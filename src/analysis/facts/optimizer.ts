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
  if (/adam|lamb|adafactor|rmsprop|adagrad|lion|sophia|muon|shampoo|prodigy/i.test(name))
    return { name, isAdaptive: true, isSupposed: false };
  return /sgd|momentum|nesterov/i.test(name) ? { name, isAdaptive: false, isSupposed: false } : undefined;
}
