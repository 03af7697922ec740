import { defineDialect } from "./dialect.ts";

export const nanogpt = defineDialect({
  id: "nanogpt",
  title: "nanoGPT",
  source: "https://github.com/karpathy/nanoGPT/blob/master/train.py",
  options: {
    learning_rate: "learning_rate",
    warmup_steps: "warmup_iters",
    max_grad_norm: "grad_clip",
    gradient_accumulation_steps: "gradient_accumulation_steps",
    batch_size: "batch_size",
    weight_decay: "weight_decay",
    dropout: "dropout",
    epochs: "max_iters",
    keep_best: {
      key: "always_save_checkpoint",
      spell: (value) => (typeof value === "boolean" ? !value : value),
    },
    precision: { key: "dtype", spell: (value) => (value === "bf16" ? "bfloat16" : value) },
    adam_beta2: "beta2",
    resume: "init_from",
    max_length: "block_size",
  },
});
