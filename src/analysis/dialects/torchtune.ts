import { defineDialect } from "./dialect.ts";

export const torchtune = defineDialect({
  id: "torchtune",
  title: "torchtune",
  source: "https://docs.pytorch.org/torchtune/stable/deep_dives/configs.html",
  options: {
    learning_rate: "optimizer.lr",
    warmup_steps: "lr_scheduler.num_warmup_steps",
    max_grad_norm: "clip_grad_norm",
    gradient_accumulation_steps: "gradient_accumulation_steps",
    batch_size: "batch_size",
    weight_decay: "optimizer.weight_decay",
    epochs: "epochs",
    precision: "dtype",
    seed: "seed",
    shuffle: "shuffle",
    resume: "resume_from_checkpoint",
    train_on_prompt: "dataset.train_on_input",
    max_length: "tokenizer.max_seq_len",
  },
});
