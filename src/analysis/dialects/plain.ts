import { defineDialect } from "./dialect.ts";

/** A training loop of the user's own: the canonical names are said as they are. */
export const plain = defineDialect({
  id: "plain",
  title: "plain training loop",
  source: "https://docs.pytorch.org/docs/stable/optim.html",
  options: {
    learning_rate: { key: "learning_rate", also: ["lr", "peak_lr", "max_lr"] },
    warmup_steps: { key: "warmup_steps", also: ["warmup", "num_warmup_steps"] },
    max_grad_norm: { key: "max_grad_norm", also: ["grad_clip", "clip_grad_norm", "gradient_clipping"] },
    gradient_accumulation_steps: {
      key: "gradient_accumulation_steps",
      also: ["grad_accum", "grad_accum_steps", "accumulation_steps"],
    },
    batch_size: { key: "batch_size", also: ["train_batch_size"] },
    epochs: { key: "epochs", also: ["num_epochs", "n_epochs"] },
    precision: { key: "precision", also: ["dtype", "mixed_precision"] },
  },
});
