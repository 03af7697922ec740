import type { Scalar } from "../../model/config.ts";
import { numberOf } from "../number-text.ts";
import type { LineParser } from "./line-parser.ts";

// Settings that scripts print before training starts, by the names that people give them. A closed
// list, since any other `key: value` of a start-up banner may be a size, a count or a path.
const names = new Set([
  "vocab_size",
  "vocabulary_size",
  "n_vocab",
  "padded_vocab_size",
  "learning_rate",
  "lr",
  "max_lr",
  "min_lr",
  "weight_decay",
  "warmup_steps",
  "warmup_iters",
  "warmup_ratio",
  "max_grad_norm",
  "grad_clip",
  "gradient_clip_val",
  "batch_size",
  "per_device_train_batch_size",
  "micro_batch_size",
  "total_batch_size",
  "global_batch_size",
  "gradient_accumulation_steps",
  "grad_accum_steps",
  "accumulate_grad_batches",
  "max_steps",
  "max_iters",
  "num_train_epochs",
  "num_epochs",
  "epochs",
  "logging_steps",
  "eval_steps",
  "lr_scheduler_type",
  "optimizer",
  "optim",
  "precision",
  "dtype",
  "mixed_precision",
  "fp16",
  "bf16",
  "seed",
  "d_model",
  "hidden_size",
  "n_layer",
  "num_layers",
  "num_hidden_layers",
  "n_head",
  "num_heads",
  "dropout",
  "label_smoothing",
  "block_size",
  "max_seq_length",
  "max_length",
  "sequence_length",
  "seq_len",
  "lora_r",
  "lora_alpha",
  "num_parameters",
  "beta1",
  "beta2",
  "adam_beta1",
  "adam_beta2",
  "adam_epsilon",
]);

const pair = /^([A-Za-z_][\w.]{0,60})\s*[:=]\s*(\S{1,80})$/;

/**
 * A line that is nothing but settings, such as `vocab_size: 596` or `d_model: 128, dropout: 0.1`,
 * printed before the first metrics. Later such a line may be a metric: other parsers have it then.
 */
export const settings: LineParser = {
  id: "settings",
  open(progress) {
    return ({ body }) => {
      if (progress.current !== undefined || body.length > 400) return undefined;
      const config: [string, Scalar][] = [];
      for (const part of body.trim().split(/\s*,\s+/)) {
        const match = pair.exec(part);
        const key = match?.[1] ?? "";
        if (!names.has(key.slice(key.lastIndexOf(".") + 1).toLowerCase())) return undefined;
        const text = match?.[2] ?? "";
        config.push([key, numberOf(text) ?? text]);
      }
      return { config, record: true };
    };
  },
};
