/**
 * How people call their metrics, as patterns of which `signals.ts` is made. A name is words between `/`, `_`, `.`, `-`
 * and blanks, in any case, with the split and what is averaged over in front or behind.
 */

const gap = "[/_.:\\s-]";
const train = "(train|training|trn|tr)";
const held = "(eval|evaluation|val|valid|validation|test|dev|held[_-]?out|holdout)";

export const heldOut = new RegExp(`(^|${gap})${held}(${gap}|$)`, "i");

const anyOf = (names: string): string => names.trim().split(/\s+/).join("|");

/** What a loss may be called besides: its kind, its task, or what it is a mean of. Parts of a sum (`kl_loss`) are none. */
const kind = anyOf(`
  lm mlm clm masked_lm nll ce cross_?entropy xent bce mse rmse l1 l2 mae huber smooth_l1
  contrastive info_?nce nce triplet ctc dice focal bpr hinge margin ranking seq2seq sft dpo
  policy forecast denoising task main objective supervised total overall epoch batch step running
  average avg mean smooth(ed)? word token
`);
/** A loss called by its formula alone. */
const formula = "(log_?loss|nll|ce|cross_?entropy|xent|bce|mse|huber|smooth_l1|elbo)";
const over = `(${gap}(step|epoch|iter|batch|avg|mean|total|value))?`;
const loss = `((${kind})${gap})*loss(es)?${over}`;

export const trainLossName = new RegExp(
  [
    `^(${train}${gap})?${loss}$`,
    `^${train}${gap}${formula}${over}$`,
    `^${formula}$`,
    `^loss(es)?${gap}${train}${over}$`,
  ].join("|"),
  "i",
);

export const heldOutLossName = new RegExp(
  [`^${held}${gap}(${loss}|${formula}${over})$`, `^${loss}${gap}${held}$`, `^${formula}${gap}${held}$`].join("|"),
  "i",
);

/** Of several losses one that says so, before one that is named by its formula. */
export const saysLoss = /loss/i;

const higher = anyOf(`
  acc(uracy)?\\d? f1 bleu rouge\\w* chrf meteor exact_match em auc auroc roc_auc pr_auc mcc kappa
  ndcg\\w* m?ap\\d* recall\\w* precision\\w* mrr hit(s|_?rate)? hr top_?\\d+(_acc(uracy)?)? miou
  iou dice_score psnr ssim r2 spearman\\w* pearson\\w* win_?rate score
`);
const lower = anyOf(`
  wer cer perplexity ppl rmse mae mape smape mase crps err(or)?(_rate)?
`);
const cut = "(@\\d+)?";

/** Task metrics of a held-out split, and those that nobody measures on training batches. */
export const taskMetricName = new RegExp(
  [
    `(^|${gap})${held}${gap}(.*${gap})?(${higher}|${lower})${cut}$`,
    `(^|${gap})(${higher}|${lower})${cut}${gap}${held}$`,
    `^(recall|precision|ndcg|map|hits?|hr|mrr)@\\d+$|^mrr$`,
  ].join("|"),
  "i",
);
export const lowerIsBetter = new RegExp(`(^|${gap})(${lower})${cut}(${gap}${held})?$`, "i");

export const gradNormName = new RegExp(
  `(^|[/_.\\s])(global|total)?${gap}?(grad(ient)?s?(_\\d+(\\.\\d+)?)?)${gap}?(l2${gap}?)?norm(${gap}(total|global|l2|avg|mean|before_clip(ping)?|pre_clip|unclipped))?$|^(gnorm|g_norm|total_norm)$`,
  "i",
);

export const learningRateName = new RegExp(
  `(^|[/_.\\s])(current${gap})?(learning[ _-]?rate|lr)([/_-](group|default|base|main)?_?\\d*|-[A-Za-z]*(Adam|SGD|Lion|RMSprop|Adafactor|Adagrad|Muon)[A-Za-z0-9]*([/-](pg)?\\d+)?)?$`,
  "i",
);

const seconds = "(_?ms|_?s|_?secs?|_?seconds|\\s?\\((ms|s)\\))?";
const one = "(step|iter(ation)?|batch|it|update)";
/** Time of one step. */
export const stepTimeName = new RegExp(
  [
    `(^|[/_.\\s])(train_)?${one}[_-]?time${seconds}$`,
    `(^|[/_.\\s])time[_/ -](per[_/ -])?${one}${seconds}$`,
    `(^|[/_.\\s])(sec(ond)?s?|ms)[_/ ]?(per)?[_/ ]${one}$`,
    `(^|[/_.\\s])s/(it|step|batch)$|^(step|iter|batch)_(ms|s|sec|seconds)$`,
    `(^|[/_.\\s])(elapsed time per iteration \\(ms\\)|timing_s/step|end_to_end\\(s\\)|train_step_timing in s)$`,
  ].join("|"),
  "i",
);
export const throughputName =
  /(^|[/_.\s])((tokens?|tok|samples?|examples?|images?|imgs?|sequences?|seqs?)(_per_|\/|_)s(ec(ond)?)?|tps|wps|ups|throughput(\(tps\))?)$/i;
export const stepsPerSecondName =
  /(^|[/_.\s])(((it|iters?|its|iterations?|steps?|batch(es)?)(_per_|\/)s(ec(ond)?)?)|train_steps_per_second)$/i;
