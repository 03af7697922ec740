import { defineDialect, switchFor } from "./dialect.ts";

export const axolotl = defineDialect({
  id: "axolotl",
  title: "Axolotl",
  source: "https://docs.axolotl.ai/docs/config-reference.html",
  options: {
    learning_rate: "learning_rate",
    warmup_steps: { key: "warmup_steps", also: ["warmup_ratio"] },
    max_grad_norm: "max_grad_norm",
    gradient_accumulation_steps: "gradient_accumulation_steps",
    batch_size: "micro_batch_size",
    weight_decay: "weight_decay",
    epochs: "num_epochs",
    early_stopping_patience: "early_stopping_patience",
    keep_best: "load_best_model_at_end",
    precision: { key: "bf16", spell: switchFor("bf16") },
    adam_beta2: "adam_beta2",
    adam_epsilon: "adam_epsilon",
    seed: "seed",
    resume: "resume_from_checkpoint",
    train_on_prompt: "train_on_inputs",
    max_length: "sequence_len",
    data_workers: "dataloader_num_workers",
    collective_timeout: "ddp_timeout",
  },
});
