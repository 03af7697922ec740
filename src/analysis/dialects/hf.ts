import { defineDialect, switchFor } from "./dialect.ts";

export const hf = defineDialect({
  id: "hf",
  title: "Hugging Face Trainer",
  source: "https://huggingface.co/docs/transformers/main_classes/trainer#transformers.TrainingArguments",
  options: {
    learning_rate: "learning_rate",
    warmup_steps: { key: "warmup_steps", also: ["warmup_ratio"] },
    max_grad_norm: "max_grad_norm",
    gradient_accumulation_steps: "gradient_accumulation_steps",
    batch_size: { key: "per_device_train_batch_size", also: ["train_batch_size"] },
    weight_decay: "weight_decay",
    label_smoothing: "label_smoothing_factor",
    epochs: "num_train_epochs",
    early_stopping_patience: "early_stopping_patience",
    keep_best: "load_best_model_at_end",
    precision: { key: "bf16", spell: switchFor("bf16") },
    nan_filter: "logging_nan_inf_filter",
    adam_beta2: "adam_beta2",
    adam_epsilon: "adam_epsilon",
    seed: "seed",
    resume: "resume_from_checkpoint",
    skip_seen_data: { key: "ignore_data_skip", spell: (value) => (typeof value === "boolean" ? !value : value) },
    average_loss_over_tokens: "average_tokens_across_devices",
    data_workers: "dataloader_num_workers",
    collective_timeout: "ddp_timeout",
  },
});
