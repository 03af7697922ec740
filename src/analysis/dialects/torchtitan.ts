import { defineDialect } from "./dialect.ts";

export const torchtitan = defineDialect({
  id: "torchtitan",
  title: "torchtitan",
  source: "https://github.com/pytorch/torchtitan/blob/main/torchtitan/config/job_config.py",
  options: {
    learning_rate: "optimizer.lr",
    warmup_steps: "lr_scheduler.warmup_steps",
    max_grad_norm: "training.max_norm",
    batch_size: { key: "training.local_batch_size", also: ["training.batch_size"] },
    weight_decay: "optimizer.weight_decay",
    precision: {
      key: "training.mixed_precision_param",
      spell: (value) => (value === "bf16" ? "bfloat16" : value),
    },
    adam_beta2: "optimizer.beta2",
    adam_epsilon: "optimizer.eps",
    seed: { key: "debug.seed", also: ["training.seed"] },
    resume: "checkpoint.load_step",
    max_length: "training.seq_len",
    collective_timeout: "comm.train_timeout_seconds",
  },
});
