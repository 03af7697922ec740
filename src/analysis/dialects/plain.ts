import { defineDialect } from "./dialect.ts";

/** A training loop of the user's own: the canonical names are said as they are. */
export const plain = defineDialect({
  id: "plain",
  title: "plain training loop",
  source: "https://docs.pytorch.org/docs/stable/optim.html",
  options: {
    learning_rate: {
      key: "learning_rate",
      also: [
        "lr",
        "peak_lr",
        "max_lr",
        "base_lr",
        "init_lr",
        "initial_lr",
        "lr0",
        "peak_learning_rate",
        "max_learning_rate",
      ],
    },
    warmup_steps: {
      key: "warmup_steps",
      also: ["warmup", "num_warmup_steps", "warmup_iters", "warm_up_steps", "lr_warmup_steps", "warmup_iterations"],
    },
    max_grad_norm: {
      key: "max_grad_norm",
      also: [
        "grad_clip",
        "clip_grad_norm",
        "gradient_clipping",
        "clip_grad",
        "clip_norm",
        "clipnorm",
        "max_norm",
        "gradient_clip_val",
        "grad_clip_norm",
      ],
    },
    gradient_accumulation_steps: {
      key: "gradient_accumulation_steps",
      also: ["grad_accum", "grad_accum_steps", "accumulation_steps"],
    },
    batch_size: { key: "batch_size", also: ["train_batch_size", "bs", "global_batch_size", "global_batch"] },
    epochs: { key: "epochs", also: ["num_epochs", "n_epochs", "max_epochs", "num_train_epochs"] },
    kl_coefficient: { key: "beta", also: ["kl_coef", "kl_coefficient", "kl_weight", "init_kl_coef"] },
    entropy_coefficient: { key: "entropy_coef", also: ["entropy_coeff", "entropy_bonus", "ent_coef"] },
    completion_length: {
      key: "max_completion_length",
      also: ["max_new_tokens", "max_response_length", "generate_max_len"],
    },
    group_size: { key: "num_generations", also: ["group_size", "n_samples_per_prompt"] },
    clip_range_high: { key: "epsilon_high", also: ["clip_ratio_high", "eps_clip_high"] },
    data_workers: { key: "num_workers", also: ["dataloader_num_workers", "n_workers", "workers"] },
    adam_beta2: { key: "adam_beta2", also: ["beta2", "optimizer.beta2", "betas.1", "optimizer.betas.1"] },
    adam_epsilon: { key: "adam_epsilon", also: ["adam_eps", "optimizer.eps", "optimizer.epsilon"] },
    weight_decay: { key: "weight_decay", also: ["wd"] },
    max_steps: { key: "max_steps", also: ["total_steps", "num_steps", "n_steps", "train_steps", "max_iters", "iters"] },
    shuffle: "shuffle",
    z_loss: { key: "z_loss", also: ["z_loss_coef", "z_loss_weight", "z_loss_multiplier"] },
    precision: { key: "precision", also: ["dtype", "mixed_precision"] },
  },
});
