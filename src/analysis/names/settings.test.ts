import { expect, test } from "vitest";
import type { OptionId } from "../dialects/dialect.ts";
import { settingOf, settingsIn } from "./settings.ts";

const meant: readonly [OptionId, string][] = [
  [
    "learning_rate",
    `lr LR --lr --learning-rate learningRate LearningRate optim.lr optimizer.lr train/lr_peak base_lr max_lr peak_lr lr0
     initial_learning_rate hparams.learning_rate cfg/optim/base_lr adam_lr training.optimizer.params.lr actor.optim.lr TRAIN_LR`,
  ],
  [
    "warmup_steps",
    "warmup warmup_steps --warmup-steps num_warmup_steps warmupIters lr_warmup_steps optim/warm_up_steps n_warmup_updates",
  ],
  ["weight_decay", "weight_decay weightDecay --weight-decay wd adam_wd optimizer.weight_decay l2 l2_reg L2Penalty"],
  [
    "batch_size",
    "batch_size BatchSize --batch-size bs train_batch_size global_batch_size per_device_train_batch_size batch_rows minibatch_size",
  ],
  [
    "max_grad_norm",
    `max_grad_norm maxGradNorm --max-grad-norm grad_clip clip_grad gradient_clipping clip_grad_norm clip_norm clipnorm
     grad_clip_norm max_grad max_norm train/gradient_clip_norm`,
  ],
  [
    "gradient_accumulation_steps",
    "gradient_accumulation_steps gradAccumSteps grad_accum accumulation_steps accumulate_grad_batches",
  ],
  ["epochs", "epochs num_epochs n_epochs --epochs max_epochs train.epochs trainer/total_epochs passes"],
  ["max_steps", "max_steps total_steps num_steps steps maxIters train_iterations total_training_steps"],
  ["dropout", "dropout dropout_p dropoutRate model.dropout drop_rate"],
  ["label_smoothing", "label_smoothing smoothing labelSmoothing label_smoothing_factor"],
  ["adam_beta2", "beta2 adam_beta2 adamBeta2 optimizer.beta_2 b2"],
  ["adam_epsilon", "adam_eps optimizer.eps adamEpsilon"],
  ["kl_coefficient", "kl_coef kl_loss_coef klCoeff actor.kl_loss_coef kl_weight"],
  ["entropy_coefficient", "entropy_coef ent_coef entropy_coeff actor.entropy_coeff entropyWeight"],
];

test.each(meant)("%s is known under any casing and in any group", (option, keys) => {
  for (const key of keys.trim().split(/\s+/)) expect(settingOf(key), key).toBe(option);
});

test("what belongs to another model, another stretch or another quantity is none", () => {
  const others = `min_lr end_lr final_lr lr_decay lr_scheduler_type lr_warmup_ratio critic.optim.lr critic_lr lr_mult warmup_ratio
    warmup_epochs warmup_lr eval_batch_size val.batch_size micro_batch_count clip_ratio clip_range clip grad_norm_type gradient_checkpointing
    layer_norm_eps epsilon eps ppo_epochs save_epochs steps_per_epoch eval_steps logging_steps decay_steps hidden_dropout_prob
    attention_dropout drop_last smoothing_window beta betas norm batch_norm kl entropy weight scheduler.warmup_steps`;
  for (const key of others.split(/\s+/)) expect(settingOf(key), key).toBeUndefined();
});

test("of several keys for one option the plainest is taken", () => {
  const found = settingsIn(["train.optimizer.adam_lr", "peak_lr", "init_lr", "weird", "optim.adam.weight_decay"]);
  expect([...found]).toEqual([
    ["learning_rate", "peak_lr"],
    ["weight_decay", "optim.adam.weight_decay"],
  ]);
});
