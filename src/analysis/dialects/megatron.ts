import { defineDialect, switchFor } from "./dialect.ts";

export const megatron = defineDialect({
  id: "megatron",
  title: "Megatron-LM",
  source: "https://github.com/NVIDIA/Megatron-LM/blob/main/megatron/training/arguments.py",
  options: {
    learning_rate: { key: "--lr", also: ["lr"] },
    warmup_steps: { key: "--lr-warmup-iters", also: ["lr_warmup_iters"] },
    max_grad_norm: { key: "--clip-grad", also: ["clip_grad"] },
    batch_size: { key: "--micro-batch-size", also: ["micro_batch_size"] },
    weight_decay: { key: "--weight-decay", also: ["weight_decay"] },
    dropout: { key: "--hidden-dropout", also: ["hidden_dropout"] },
    epochs: { key: "--train-iters", also: ["train_iters"] },
    precision: { key: "--bf16", also: ["bf16"], spell: switchFor("bf16") },
    nan_filter: {
      key: "--check-for-nan-in-loss-and-grad",
      also: ["check_for_nan_in_loss_and_grad"],
      spell: (value) => (typeof value === "boolean" ? !value : value),
    },
    adam_beta2: { key: "--adam-beta2", also: ["adam_beta2"] },
    adam_epsilon: { key: "--adam-eps", also: ["adam_eps"] },
    seed: { key: "--seed", also: ["seed"] },
    resume: { key: "--load", also: ["load"] },
    max_length: { key: "--seq-length", also: ["seq_length"] },
    initializer_range: { key: "--init-method-std", also: ["init_method_std"] },
    data_workers: { key: "--num-workers", also: ["num_workers"] },
    collective_timeout: { key: "--distributed-timeout-minutes", also: ["distributed_timeout_minutes"] },
    loss_scale: { key: "--initial-loss-scale", also: ["initial_loss_scale"] },
  },
});
