import { describe, expect, test } from "vitest";
import {
  clippedRatios,
  completionLength,
  dataShare,
  dataTime,
  entropy,
  epoch,
  evalLoss,
  evalMetric,
  gradNorm,
  learningRate,
  longestCompletion,
  lossScale,
  referenceKl,
  reward,
  rewardMax,
  rewardMin,
  rewardStd,
  samplerGap,
  type Signal,
  stepsPerSecond,
  stepTime,
  throughput,
  trainAccuracy,
  trainLoss,
  truncatedShare,
  updateKl,
  zeroStdShare,
} from "../signals.ts";

/** Names with blanks stand between commas. Read in the trainers' sources, November 2026. */
const names = (text: string): string[] => text.split(",").map((one) => one.trim());

const trainers: readonly [trainer: string, source: string, names: readonly [Signal, string][]][] = [
  [
    "TRL",
    "https://github.com/huggingface/trl/tree/main/trl",
    [
      [reward, "reward, objective/scores, objective/rlhf_reward, env/reward_mean, ppo/mean_scores"],
      [rewardStd, "reward_std, env/reward_std, ppo/std_scores"],
      [zeroStdShare, "frac_reward_zero_std"],
      [referenceKl, "kl, objective/kl"],
      [updateKl, "policy/approxkl_avg, ppo/policy/approxkl"],
      [entropy, "entropy, objective/entropy, policy/entropy_avg, ppo/policy/entropy"],
      [completionLength, "completions/mean_length"],
      [longestCompletion, "completions/max_length"],
      [truncatedShare, "completions/clipped_ratio, completions/truncated_fraction"],
      [clippedRatios, "clip_ratio, clip_ratio/region_mean, policy/clipfrac_avg"],
      [samplerGap, "sampling/sampling_logp_difference/mean"],
      [trainLoss, "loss/policy_avg, loss/dpo, nll_loss"],
      [trainAccuracy, "mean_token_accuracy"],
    ],
  ],
  [
    "verl",
    "https://github.com/volcengine/verl/blob/main/verl/trainer/ppo/metric_utils.py",
    [
      [reward, "critic/score/mean, critic/rewards/mean"],
      [rewardMax, "critic/score/max, critic/rewards/max"],
      [rewardMin, "critic/score/min, critic/rewards/min"],
      [referenceKl, "actor/kl_loss, actor/reward_kl_penalty"],
      [updateKl, "actor/ppo_kl"],
      [entropy, "actor/entropy, actor/entropy_loss"],
      [completionLength, "response_length/mean"],
      [longestCompletion, "response_length/max"],
      [truncatedShare, "response_length/clip_ratio"],
      [clippedRatios, "actor/pg_clipfrac"],
      [samplerGap, "training/rollout_probs_diff_mean"],
      [gradNorm, "actor/grad_norm"],
      [learningRate, "actor/lr"],
      [stepTime, "timing_s/step, perf/time_per_step"],
      [throughput, "perf/throughput"],
      [trainLoss, "actor/pg_loss"],
      [epoch, "training/epoch"],
    ],
  ],
  [
    "OpenRLHF",
    "https://github.com/OpenRLHF/OpenRLHF/tree/main/openrlhf/trainer",
    [
      [reward, "reward"],
      [referenceKl, "kl"],
      [updateKl, "ppo_kl"],
      [entropy, "entropy_loss"],
      [completionLength, "response_length"],
      [truncatedShare, "truncated"],
      [learningRate, "actor_lr"],
      [gradNorm, "actor_grad_norm"],
      [trainLoss, "policy_loss, act_loss, gpt_loss, loss_mean"],
      [stepTime, "timing/step_total"],
    ],
  ],
  [
    "SkyRL",
    "https://github.com/NovaSky-AI/SkyRL",
    [
      [reward, "reward/avg_raw_reward, reward/mean, avg_reward"],
      [rewardMax, "reward/max"],
      [rewardMin, "reward/min"],
      [referenceKl, "loss/avg_kl"],
      [entropy, "policy/policy_entropy"],
      [completionLength, "generate/avg_num_tokens"],
      [longestCompletion, "generate/max_num_tokens"],
      [clippedRatios, "ppo_clip_ratio, loss_metrics/clip_ratio"],
      [samplerGap, "policy/rollout_train_logprobs_abs_diff_mean"],
      [learningRate, "policy/policy_lr"],
      [trainLoss, "policy/final_loss, policy_loss"],
      [throughput, "trainer/tokens_per_second_per_gpu"],
      [epoch, "trainer/epoch"],
    ],
  ],
  [
    "NeMo-RL",
    "https://github.com/NVIDIA-NeMo/RL/tree/main/nemo_rl/algorithms",
    [
      [reward, "reward, mean_total_reward"],
      [referenceKl, "kl_penalty"],
      [entropy, "approx_entropy"],
      [completionLength, "mean_gen_tokens_per_sample, mean_generation_length"],
      [longestCompletion, "max_gen_tokens_per_sample"],
      [truncatedShare, "truncation_rate"],
      [samplerGap, "token_mult_prob_error, gen_kl_error"],
      [stepTime, "total_step_time"],
    ],
  ],
  [
    "prime-rl",
    "https://github.com/PrimeIntellect-ai/prime-rl",
    [
      [reward, "reward/mean, reward/all/mean"],
      [entropy, "entropy/all/mean"],
      [samplerGap, "mismatch_kl/all/mean"],
      [truncatedShare, "is_truncated/mean"],
      [completionLength, "completion_len/mean, decode_len/mean"],
      [trainLoss, "loss/mean"],
      [gradNorm, "optim/grad_norm"],
      [learningRate, "optim/lr"],
      [stepTime, "time/step"],
      [dataTime, "time/wait_for_batch, time/load_data"],
      [throughput, "perf/throughput, perf/throughput_per_gpu"],
      [epoch, "progress/epoch"],
    ],
  ],
  [
    "slime",
    "https://github.com/THUDM/slime",
    [
      [reward, "rollout/raw_reward, rollout/rewards"],
      [referenceKl, "train/kl_loss"],
      [updateKl, "train/ppo_kl"],
      [entropy, "train/entropy_loss, rollout/entropy"],
      [clippedRatios, "train/pg_clipfrac"],
      [truncatedShare, "truncated_ratio, rollout/truncated_ratio"],
      [samplerGap, "train/train_rollout_logprob_abs_diff"],
      [trainLoss, "train/pg_loss, train/loss"],
      [completionLength, "rollout/response_lengths"],
      [stepTime, "perf/step_time"],
    ],
  ],
  [
    "trlx",
    "https://github.com/CarperAI/trlx/tree/main/trlx/trainer",
    [
      [reward, "rollout_scores/mean, reward/mean"],
      [rewardStd, "rollout_scores/std"],
      [referenceKl, "policy/kl_per_token"],
      [updateKl, "policy/approx_kl"],
      [clippedRatios, "policy/clipfrac"],
      [learningRate, "learning_rate_group_0"],
      [trainLoss, "losses/total_loss, losses/policy_loss"],
    ],
  ],
  [
    "torchtune",
    "https://github.com/pytorch/torchtune/tree/main/recipes",
    [
      [reward, "rlhf_reward, rewards"],
      [referenceKl, "kl, kl_loss"],
      [updateKl, "approx_policy_kls"],
      [clippedRatios, "clipfrac"],
      [completionLength, "response_lengths"],
      [throughput, "tokens_per_second_per_gpu"],
    ],
  ],
  [
    "torchtitan",
    "https://github.com/pytorch/torchtitan/blob/main/torchtitan/components/metrics.py",
    [
      [trainLoss, "loss_metrics/global_avg_loss"],
      [evalLoss, "validation_metrics/loss"],
      [stepTime, "time_metrics/end_to_end(s)"],
      [dataTime, "time_metrics/data_loading(s)"],
      [dataShare, "time_metrics/data_loading(%)"],
      [throughput, "throughput(tps)"],
      [learningRate, "lr/AdamW, lr/AdamW/0, lr"],
    ],
  ],
  [
    "OLMo-core",
    "https://github.com/allenai/OLMo-core",
    [
      [trainLoss, "train/CE loss, train/CrossEntropyLoss"],
      [gradNorm, "optim/total grad norm, optim/total_grad_norm"],
      [learningRate, "optim/LR, optim/LR (group 0)"],
      [throughput, "throughput/device/TPS"],
      [dataTime, "throughput/device/data loading (s)"],
      [dataShare, "throughput/device/data loading (%)"],
    ],
  ],
  [
    "Megatron-LM",
    "https://github.com/NVIDIA/Megatron-LM/blob/main/megatron/training/training.py",
    [
      [trainLoss, "lm loss"],
      [evalLoss, "lm loss validation, validation lm loss"],
      [gradNorm, "grad-norm, grad norm"],
      [learningRate, "learning-rate, learning rate"],
      [lossScale, "loss-scale, loss scale"],
      [stepTime, "iteration-time, elapsed time per iteration (ms)"],
      [dataTime, "batch-generator"],
      [throughput, "throughput"],
    ],
  ],
  [
    "fairseq, detectron2, timm, mmengine, open_clip",
    "https://github.com/facebookresearch/fairseq, https://github.com/facebookresearch/detectron2, https://github.com/huggingface/pytorch-image-models, https://github.com/open-mmlab/mmengine, https://github.com/mlfoundations/open_clip",
    [
      [trainLoss, "loss, nll_loss, total_loss, Loss, train_loss, loss_cls, caption_loss, contrastive_loss"],
      [evalLoss, "valid/loss, valid/nll_loss, clip_val_loss, val_generative_loss"],
      [gradNorm, "gnorm, grad_norm"],
      [learningRate, "lr, base_lr"],
      [lossScale, "loss_scale"],
      [dataTime, "data_time, rank_data_time, Data (t), Data"],
      [stepTime, "batch_time, Batch (t)"],
      [throughput, "wps, ups, samples_per_second, samples_per_second_per_gpu"],
    ],
  ],
  [
    "ESPnet, SpeechBrain",
    "https://github.com/espnet/espnet, https://github.com/speechbrain/speechbrain",
    [
      [trainLoss, "loss, loss_ctc, loss_att, loss_transducer, train/loss"],
      [evalLoss, "valid/loss, valid/loss_ctc, valid loss"],
      [evalMetric, "valid/cer, valid/cer_ctc, valid/wer_transducer, valid/acc, valid PER, test WER"],
      [learningRate, "lr_0, optim0_lr0, optim1_lr0"],
    ],
  ],
  [
    "Composer, Lightning, Keras, DeepSpeed, nanoGPT, llm.c",
    "https://github.com/mosaicml/composer, https://github.com/Lightning-AI/pytorch-lightning, https://github.com/keras-team/keras, https://github.com/deepspeedai/DeepSpeed, https://github.com/karpathy/nanoGPT, https://github.com/karpathy/llm.c",
    [
      [trainLoss, "loss/train/total, metrics/train/LanguageCrossEntropy, train_loss_step, train_loss_epoch, loss"],
      [evalLoss, "metrics/eval/CrossEntropy, val_loss, validation_loss, val loss, val_loss_epoch"],
      [evalMetric, "metrics/eval/MulticlassAccuracy, val_accuracy, val_acc, val_sparse_categorical_accuracy"],
      [gradNorm, "l2_norm/grad/global, grad_2.0_norm_total, norm"],
      [learningRate, "lr-Adam, lr-DecoupledAdamW/group0, lr-SGD/pg1, learning_rate"],
      [throughput, "throughput/samples_per_sec, throughput/device/tokens_per_sec, CurrSamplesPerSec, tok/s"],
      [stepsPerSecond, "throughput/batches_per_sec, it/s"],
      [stepTime, "dt, ms"],
    ],
  ],
  [
    "people",
    "names of the project's issue tracker, forums and tutorials",
    [
      [
        trainLoss,
        "TrainLoss, trainLoss, Train Loss, train.loss, loss_ema, smooth_loss, seg_loss, tower_loss, MSE, RMSE",
      ],
      [evalLoss, "valLoss, ValLoss, Val Loss, loss/val, test loss, dev/nll, holdout loss"],
      [
        evalMetric,
        "eval_mrr, val/rmse, val_MAPE, val smape, test_r2, val/hits@10, eval_hit_rate@5, val AUROC, dev_f1, val_mAP@50, val_bpb, val/psnr",
      ],
      [gradNorm, "grad norm, GradNorm, gradNorm, |g|, grad_norm_pre_clip, unclipped_grad_norm, total_norm, g_norm"],
      [learningRate, "LR, learning-rate, lr/encoder, lr_decoder, LearningRate, lr_head, current_lr"],
      [lossScale, "amp_scale, grad_scaler, scaler, scale, fp16_scale, grad_scale"],
      [stepsPerSecond, "steps/sec, it_per_sec, iters/s, batches_per_second, updates/s"],
      [throughput, "samples_per_sec, img/s, images_per_second, tokens/sec, toks/s, fps"],
      [
        stepTime,
        "s/it, ms_per_batch, time/batch, sec_per_step, ms/step, step_time_ms, time_per_iter, seconds_per_step",
      ],
      [
        dataTime,
        "read_time, dataloader_wait, io_time, input_pipeline_time, fetch_ms, data load time, data_load_s, wait_time, loader_time, batch_load_time",
      ],
    ],
  ],
];

/** What looks like it and is something else. */
const others = names(
  `lr_loss, lm_head, n_losses, learning_rate_multiplier, num_lr_decays, norm_layer, loss_weight, loss_coef, best_val_loss, loss_std,
   global_max_loss, lr_scale, fallback_lr_scale, lr_scheduler, grad_norm_clip, clipped_grad_norm, max_grad_norm, param_norm,
   params-norm, weight_norm, layer_norm, kl_coef, kl_ctl_value, cross_entropy_weight, value_loss, critic/vf_loss, vf_clipfrac,
   d_loss, g_loss, disc_loss, kl_weight, aux_loss, load_balancing_loss, router_z_loss, expert_load, logit_scale, temperature,
   total_tokens, tokens, samples, consumed samples, gpu_time, eval_time, save_time, checkpoint_time, time/save_ckpt, timing_s/gen,
   timing_s/save_checkpoint, rewards/chosen, rewards/margins, rewards/accuracies, logps/chosen, prompt_length/mean, seq_len,
   total_length, num_workers, read_bytes, batch_size, global batch size, mfu, tflops, memory, epoch_size, attention_entropy,
   loss_fn, accuracy_threshold, num_batches, best_metric, patience, RunningAvgSamplesPerSec, steps, updates, wall, total time`,
);

describe("names in trainers' sources", () => {
  for (const [trainer, , meanings] of trainers)
    test(trainer, () => {
      const missed = meanings.flatMap(([signal, text]) =>
        names(text).flatMap((name) => (signal.matches(name, {}) ? [] : [`${signal.id}: ${name}`])),
      );
      expect(missed).toEqual([]);
    });

  const signals = [...new Set(trainers.flatMap(([, , meanings]) => meanings.map(([signal]) => signal)))];
  test("others mean none of these", () => {
    const taken = others.flatMap((name) =>
      signals.flatMap((signal) => (signal.matches(name, {}) ? [`${name} is no ${signal.id}`] : [])),
    );
    expect(taken).toEqual([]);
  });

  test("what one signal has is no other's", () => {
    const all = trainers.flatMap(([, , meanings]) =>
      meanings.flatMap(([signal, text]) => names(text).map((name) => ({ signal, name }))),
    );
    // One number may be called the same in two trainers, and mean two things: these are meant to be told apart.
    const allowed = new Set(all.map(({ signal, name }) => `${signal.id} ${name}`));
    const doubled = all.flatMap(({ signal, name }) =>
      signals.flatMap((other) =>
        other !== signal && other.matches(name, {}) && !allowed.has(`${other.id} ${name}`)
          ? [`${name} (${signal.id}) is a ${other.id} as well`]
          : [],
      ),
    );
    expect(doubled).toEqual([]);
  });

  test("a label names the split as well as a word does", () => {
    expect(evalLoss.matches("loss", { split: "val" })).toBe(true);
    expect(trainLoss.matches("loss", { split: "val" })).toBe(false);
    expect(trainLoss.matches("loss", { split: "train" })).toBe(true);
    expect(evalMetric.matches("f1", { split: "test" })).toBe(true);
  });

  test("the loss itself comes before its parts", () => {
    const order = ["loss", "ce_loss", "nll", "policy_loss", "box_loss"].map((name) => trainLoss.rank?.(name) ?? -1);
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(new Set(order).size).toBe(order.length);
  });
});
