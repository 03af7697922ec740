import { defineDialect, switchFor } from "./dialect.ts";

export const deepspeed = defineDialect({
  id: "deepspeed",
  title: "DeepSpeed",
  source: "https://www.deepspeed.ai/docs/config-json/",
  options: {
    learning_rate: "optimizer.params.lr",
    warmup_steps: "scheduler.params.warmup_num_steps",
    max_grad_norm: "gradient_clipping",
    gradient_accumulation_steps: "gradient_accumulation_steps",
    batch_size: "train_micro_batch_size_per_gpu",
    weight_decay: "optimizer.params.weight_decay",
    precision: { key: "bf16.enabled", spell: switchFor("bf16") },
    adam_epsilon: "optimizer.params.eps",
    loss_scale: "fp16.initial_scale_power",
  },
});
