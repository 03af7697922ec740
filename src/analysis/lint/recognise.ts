import type { FlatConfig } from "../../model/config.ts";

/** By keys that only one tool has; the first that fits. */
const marks: readonly (readonly [
  dialect: string,
  fits: (has: (key: string) => boolean, keys: readonly string[]) => boolean,
])[] = [
  [
    "deepspeed",
    (has, keys) =>
      has("train_micro_batch_size_per_gpu") ||
      keys.some((key) => key.startsWith("zero_optimization.")) ||
      (has("train_batch_size") && keys.some((key) => /^(fp16|bf16|optimizer|scheduler)\./.test(key))),
  ],
  [
    "torchtune",
    (has, keys) => has("model._component_") || keys.filter((key) => key.endsWith("._component_")).length > 1,
  ],
  [
    "axolotl",
    (has) =>
      has("base_model") &&
      ["micro_batch_size", "sequence_len", "adapter", "sample_packing", "datasets", "num_epochs"].some(has),
  ],
  ["llama-factory", (has) => has("finetuning_type") || has("cutoff_len") || (has("stage") && has("template"))],
  ["ms-swift", (has) => has("tuner_type") || has("train_type")],
  [
    "trl",
    (has) =>
      [
        "assistant_only_loss",
        "completion_only_loss",
        "num_generations",
        "dataset_name",
        "use_peft",
        "packing",
        "max_completion_length",
        "max_prompt_length",
        "dataset_text_field",
        "lora_r",
      ].some(has) && ["model_name_or_path", "per_device_train_batch_size", "learning_rate", "output_dir"].some(has),
  ],
  ["hf", (has) => ["per_device_train_batch_size", "num_train_epochs", "gradient_accumulation_steps"].some(has)],
];

/** The trainer whose options these are; undefined when they are of none that lint knows. */
export function dialectOf(values: FlatConfig): string | undefined {
  const keys = Object.keys(values);
  const set = new Set(keys);
  return marks.find(([, fits]) => fits((key) => set.has(key), keys))?.[0];
}
