import { describe, expect, test } from "vitest";
import { qualityOf } from "./quality.ts";
import {
  dataTime,
  evalLoss,
  evalMetric,
  gradNorm,
  learningRate,
  type Signal,
  stepsPerSecond,
  stepTime,
  throughput,
  trainAccuracy,
  trainLoss,
} from "../signals.ts";

/** Names as trainers and people's scripts write them; behind each the trainer, where it is one's own. */
const called: readonly [Signal, string][] = [
  [
    trainLoss,
    // HF, Lightning, Keras, nanoGPT, fairseq, torchtitan, Megatron, mmengine, timm, Composer, fast.ai, ultralytics' total.
    `loss train_loss train/loss Loss Train/Loss train_loss_step train_loss_epoch lm_loss train/lm_loss nll_loss train/nll_loss
     total_loss train/total_loss loss/train Loss/train loss_train epoch_loss running_loss avg_loss mean_loss tr_loss trn_loss
     mlm_loss ce_loss ce train_ce train/cross_entropy cross_entropy train_bce bce nll mse train_mse mse_loss huber_loss
     smooth_l1_loss contrastive_loss infonce_loss info_nce_loss triplet_loss ctc_loss bpr_loss train_logloss train/log_loss
     batch_loss step_loss loss_step loss/avg policy_loss train-loss train.loss losses/total training_loss training/loss elbo`,
  ],
  [
    evalLoss,
    `eval_loss val_loss valid_loss validation_loss test_loss dev_loss eval/loss val/loss Val/Loss valid/loss validation/loss
     eval_lm_loss val_ce_loss val_nll eval_logloss val_bce val_mse loss/val Loss/valid loss_val val_loss_epoch val_loss/epoch
     eval_cross_entropy heldout_loss held_out_loss evaluation_loss val.loss val-loss valid/nll_loss val_total_loss`,
  ],
  [
    gradNorm,
    `grad_norm train/grad_norm gradient_norm global_grad_norm total_grad_norm grad-norm gnorm grad/norm gradnorm total_norm
     grad_norm_total grad_2.0_norm_total actor/grad_norm optim/grad_norm grad_norm/total gradients/norm g_norm grad_l2_norm
     global_gradient_norm train/grad_norm_total`,
  ],
  [
    learningRate,
    `learning_rate lr LR train/learning_rate optim/lr lr/group_0 lr/group0 lr_0 lr-AdamW lr-SGD/pg1 lr-Adam-1 actor/lr
     current_lr learning-rate train/lr opt/lr lr/default`,
  ],
  [
    evalMetric,
    `eval_accuracy val_acc val/acc1 valid_top5 eval_f1 val/bleu eval_wer val_perplexity eval_auc val/map50 val_mrr
     recall@10 ndcg@10 hit@5 mrr val/rmse eval_mae test/r2 val_miou eval_rouge1 acc/val val_recall@20 eval_exact_match`,
  ],
  [trainAccuracy, "accuracy acc train_acc train/accuracy acc1 top1 train/acc1 top_1 acc@1"],
  [
    stepTime,
    `step_time batch_time iter_time train/step_time step_time_ms time/step time_per_batch sec/step sec_per_step ms/batch
     ms_per_batch s/it timing_s/step iteration_time time_per_iteration step_ms`,
  ],
  [
    throughput,
    "tokens_per_second tokens/s tok/s tps samples/s samples_per_second images/sec imgs/s throughput wps seqs/s",
  ],
  [stepsPerSecond, "it/s its/s steps/s iter/s batches/s steps_per_second train_steps_per_second it_per_s"],
  [
    dataTime,
    "data_time data_wait load_time read_time train/data_time dataloader_time data_loading_time fetch_time batch_wait data_time_ms timing_s/data",
  ],
];

/** Names that look alike and mean something else. */
const others = `loss_scale grad_scale kl_loss vf_loss critic/vf_loss aux_loss router_aux_loss reg_loss entropy_loss loss_weight lr_loss
  val_lr_mult learning_rate_multiplier lr_decay num_lr_decays norm_layer lm_head n_losses weight_norm param_norm update_norm
  layer_norm time timestamp total_time elapsed eval_time eval_runtime val_time read_bytes data_size batch_size epoch step tokens
  lossless glossary best_val step_count accumulate macc kl approx_kl reward rewards/mean pred_mean click_rate`;

const words = (text: string): string[] => text.trim().split(/\s+/);

describe("names of metrics", () => {
  for (const [signal, names] of called) {
    test(`${signal.id}: ${words(names).length} names`, () => {
      expect(words(names).filter((name) => !signal.matches(name, {}))).toEqual([]);
    });

    test(`${signal.id} and no other kind`, () => {
      const allowed = new Set(words(names));
      const rest = called.filter(([other]) => other !== signal).flatMap(([, more]) => words(more));
      expect([...rest, ...words(others)].filter((name) => !allowed.has(name) && signal.matches(name, {}))).toEqual([]);
    });
  }

  test("direction: errors and perplexities are better when they fall", () => {
    for (const name of words("eval_wer val_perplexity val/rmse eval_mae test_error val_err"))
      expect(qualityOf(name)).toBe("lower");
    for (const name of words("eval_accuracy recall@10 val_mrr test/r2 val/map50"))
      expect(qualityOf(name)).toBe("higher");
  });
});
