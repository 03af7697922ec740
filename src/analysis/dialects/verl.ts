import { defineDialect } from "./dialect.ts";

export const verl = defineDialect({
  id: "verl",
  title: "verl",
  source: "https://verl.readthedocs.io/en/latest/examples/config.html",
  options: {
    learning_rate: { key: "actor_rollout_ref.actor.optim.lr", also: ["optim.lr"] },
    warmup_steps: { key: "actor_rollout_ref.actor.optim.lr_warmup_steps", also: ["optim.lr_warmup_steps_ratio"] },
    max_grad_norm: { key: "actor_rollout_ref.actor.grad_clip", also: ["optim.clip_grad"] },
    batch_size: {
      key: "actor_rollout_ref.actor.ppo_micro_batch_size_per_gpu",
      also: ["data.micro_batch_size_per_gpu"],
    },
    weight_decay: { key: "actor_rollout_ref.actor.optim.weight_decay", also: ["optim.weight_decay"] },
    epochs: "trainer.total_epochs",
    resume: "trainer.resume_mode",
    max_length: "data.max_prompt_length",
    completion_length: "data.max_response_length",
    kl_coefficient: { key: "actor_rollout_ref.actor.kl_loss_coef", also: ["algorithm.kl_ctrl.kl_coef"] },
    entropy_coefficient: "actor_rollout_ref.actor.entropy_coeff",
    clip_range_high: "actor_rollout_ref.actor.clip_ratio_high",
    group_size: "actor_rollout_ref.rollout.n",
    temperature: "actor_rollout_ref.rollout.temperature",
    drop_flat_groups: "algorithm.filter_groups.enable",
    overlong_penalty: "reward_model.overlong_buffer.enable",
    loss_normalisation: "actor_rollout_ref.actor.loss_agg_mode",
  },
});
