import { defineDialect } from "./dialect.ts";

export const lightning = defineDialect({
  id: "lightning",
  title: "Lightning",
  source: "https://lightning.ai/docs/pytorch/stable/common/trainer.html",
  options: {
    learning_rate: { key: "lr", also: ["learning_rate"] },
    max_grad_norm: "gradient_clip_val",
    gradient_accumulation_steps: "accumulate_grad_batches",
    batch_size: "batch_size",
    epochs: "max_epochs",
    early_stopping_patience: { key: "EarlyStopping.patience", also: ["patience"] },
    keep_best: "ModelCheckpoint.monitor",
    precision: { key: "precision", spell: (value) => (value === "bf16" ? "bf16-mixed" : value) },
    nan_filter: { key: "detect_anomaly", spell: (value) => (typeof value === "boolean" ? !value : value) },
    resume: { key: "ckpt_path", also: ["resume_from_checkpoint"] },
    data_workers: "num_workers",
    prefetch_factor: "prefetch_factor",
  },
});
