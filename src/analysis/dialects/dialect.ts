import type { Scalar } from "../../model/config.ts";

/**
 * The settings that advice can change, under names of our own. Each dialect says what its users
 * write for them. Where a trainer has no such option, the dialect leaves it out and the advice
 * names the canonical one.
 */
export const optionIds = [
  "learning_rate",
  "warmup_steps",
  "max_grad_norm",
  "gradient_accumulation_steps",
  "batch_size",
  "weight_decay",
  "dropout",
  "label_smoothing",
  "epochs",
  "max_steps",
  "early_stopping_patience",
  "keep_best",
  "precision",
  "nan_filter",
  "adam_beta2",
  "adam_epsilon",
  "seed",
  "resume",
  "skip_seen_data",
  "shuffle",
  "train_on_prompt",
  "max_length",
  "average_loss_over_tokens",
  "initializer_range",
  "trainable_modules",
  "data_workers",
  "collective_timeout",
  "loss_scale",
  "z_loss",
  "kl_coefficient",
  "entropy_coefficient",
  "clip_range_high",
  "completion_length",
  "group_size",
  "temperature",
  "drop_flat_groups",
  "mask_truncated",
  "overlong_penalty",
  "loss_normalisation",
  "chosen_nll_weight",
  "prefetch_factor",
] as const;
export type OptionId = (typeof optionIds)[number];

export interface OptionName {
  readonly key: string;
  /** Other spellings under which the same option is found in a configuration. */
  readonly also?: readonly string[];
  /** How a canonical value is written here, e.g. precision "bf16" as `bf16: true`. */
  readonly spell?: (value: Scalar) => Scalar;
}

export interface Dialect {
  readonly id: string;
  /** For people: "Hugging Face Trainer". */
  readonly title: string;
  /** Where the option names are documented. */
  readonly source: string;
  readonly options: Readonly<Partial<Record<OptionId, string | OptionName>>>;
}

export const defineDialect = (dialect: Dialect): Dialect => dialect;

/** A spelling for options that are a switch for one value: `bf16: true` says precision bf16. */
export const switchFor =
  (expected: Scalar) =>
  (value: Scalar): Scalar =>
    value === expected;

export function nameOf(dialect: Dialect, option: OptionId): OptionName {
  const name = dialect.options[option] ?? option;
  return typeof name === "string" ? { key: name } : name;
}
