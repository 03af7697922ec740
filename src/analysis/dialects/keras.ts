import { defineDialect } from "./dialect.ts";

export const keras = defineDialect({
  id: "keras",
  title: "Keras",
  source: "https://keras.io/api/optimizers/",
  options: {
    learning_rate: { key: "optimizer.learning_rate", also: ["learning_rate", "lr"] },
    max_grad_norm: { key: "optimizer.global_clipnorm", also: ["global_clipnorm", "clipnorm"] },
    gradient_accumulation_steps: {
      key: "optimizer.gradient_accumulation_steps",
      also: ["gradient_accumulation_steps"],
    },
    batch_size: "batch_size",
    weight_decay: { key: "optimizer.weight_decay", also: ["weight_decay"] },
    epochs: "epochs",
    early_stopping_patience: { key: "EarlyStopping.patience", also: ["patience"] },
    keep_best: "EarlyStopping.restore_best_weights",
    precision: {
      key: "keras.config.set_dtype_policy",
      spell: (value) => (value === "bf16" ? "mixed_bfloat16" : value),
    },
    adam_beta2: "optimizer.beta_2",
    adam_epsilon: "optimizer.epsilon",
    shuffle: "shuffle",
    resume: "initial_epoch",
  },
});
