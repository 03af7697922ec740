import { dialects } from "../../dialects/index.ts";
import type { LintDraft } from "../check.ts";
import { defineSettingsCheck } from "../check.ts";

/** Options that decide a run; only a key one slip away from one of them is called misspelled. */
const common = [
  "learning_rate",
  "gradient_accumulation_steps",
  "num_train_epochs",
  "max_steps",
  "warmup_steps",
  "warmup_ratio",
  "weight_decay",
  "max_grad_norm",
  "lr_scheduler_type",
  "logging_steps",
  "save_steps",
  "eval_steps",
  "save_strategy",
  "eval_strategy",
  "load_best_model_at_end",
  "metric_for_best_model",
  "gradient_checkpointing",
  "per_device_train_batch_size",
  "per_device_eval_batch_size",
  "output_dir",
  "save_total_limit",
];
const known: ReadonlyMap<string, readonly string[]> = new Map([
  ["hf", common],
  [
    "trl",
    [
      ...common,
      "max_length",
      "assistant_only_loss",
      "completion_only_loss",
      "num_generations",
      "max_completion_length",
      "lora_alpha",
      "lora_dropout",
      "lora_target_modules",
    ],
  ],
  [
    "llama-factory",
    [
      ...common,
      "finetuning_type",
      "lora_target",
      "lora_alpha",
      "lora_dropout",
      "cutoff_len",
      "template",
      "dataset_dir",
      "quantization_bit",
      "train_on_prompt",
      "neat_packing",
    ],
  ],
  [
    "axolotl",
    [
      "base_model",
      "learning_rate",
      "micro_batch_size",
      "gradient_accumulation_steps",
      "num_epochs",
      "sequence_len",
      "sample_packing",
      "val_set_size",
      "train_on_inputs",
      "lora_alpha",
      "lora_dropout",
      "lora_target_linear",
      "lora_target_modules",
      "warmup_steps",
      "warmup_ratio",
      "lr_scheduler",
      "optimizer",
      "weight_decay",
      "flash_attention",
      "gradient_checkpointing",
      "chat_template",
      "load_in_4bit",
      "load_in_8bit",
      "special_tokens",
      "output_dir",
      "saves_per_epoch",
      "evals_per_epoch",
      "logging_steps",
      "max_grad_norm",
    ],
  ],
  [
    "deepspeed",
    [
      "train_batch_size",
      "train_micro_batch_size_per_gpu",
      "gradient_accumulation_steps",
      "gradient_clipping",
      "zero_optimization",
      "optimizer",
      "scheduler",
      "steps_per_print",
      "wall_clock_breakdown",
    ],
  ],
]);
/** Real options that are one slip away from another one. */
const real = new Set([
  "lr_scheduler_types",
  "datasets",
  "dataset",
  "optimizers",
  "templates",
  "adam_beta1",
  "adam_beta2",
]);

const source = "https://huggingface.co/docs/transformers/main_classes/trainer#transformers.TrainingArguments";

/** The option list of the tool whose file it is. */
const docsOf = (dialect: string): string => dialects.find(({ id }) => id === dialect)?.source ?? source;

export const misspelledOption = defineSettingsCheck({
  id: "misspelled-option",
  title: "Option is misspelled",
  why: "Some trainers ignore a key that they do not know; the default then decides, and nothing says so.",
  source,
  check(settings, { deepspeed }) {
    const drafts: LintDraft[] = [];
    for (const each of deepspeed === null || deepspeed === settings ? [settings] : [settings, deepspeed]) {
      if (each.origin === "run") continue;
      const options = known.get(each.dialect) ?? [];
      const tops = new Set([...each.keys].map((key) => key.split(".")[0] ?? ""));
      for (const key of tops) {
        if (key.length < 6 || options.includes(key) || real.has(key)) continue;
        const meant = options.find((option) => isSlip(key, option));
        if (meant === undefined) continue;
        drafts.push({
          severity: "warning",
          message: `${key} is no option of ${each.dialect}; ${meant} is, and ${tops.has(meant) ? "is set too" : "is not set"}.`,
          where: each.whereKey(key),
          advice: [
            each.advice({
              id: "spelling",
              summary: `Write ${meant}.`,
              changes: [
                { key, from: each.raw(key) ?? null, to: null },
                { key: meant, from: null, to: each.raw(key) ?? null },
              ],
              expect: "The setting takes effect.",
              source: docsOf(each.dialect),
            }),
          ],
          source: docsOf(each.dialect),
        });
      }
    }
    return drafts;
  },
});

/** One letter more, less, other or exchanged with its neighbour; `-` for `_` too. */
function isSlip(written: string, option: string): boolean {
  const text = written.replaceAll("-", "_");
  if (text === option) return text !== written;
  if (text.toLowerCase() === option) return true;
  const [short, long] = text.length < option.length ? [text, option] : [option, text];
  if (long.length - short.length > 1) return false;
  let i = 0;
  while (i < short.length && short[i] === long[i]) i += 1;
  if (long.length > short.length) return short.slice(i) === long.slice(i + 1);
  if (short.slice(i + 1) === long.slice(i + 1)) return true;
  return short[i] === long[i + 1] && short[i + 1] === long[i] && short.slice(i + 2) === long.slice(i + 2);
}
