/** Names of what a model is good for, and whether more of it is better. */
import { wordsOf } from "./words.ts";

const higher =
  "acc|accu|accuracy|ents f|ents p|ents r|acc1|acc5|top1|top5|prec1|prec5|balanced accuracy|multiclassaccuracy|f1|f1 score|macro f1|micro f1|fbeta|" +
  "auc|auroc|rocauc|prauc|auprc|ap|map|map50|map5095|map75|bleu|sacrebleu|bleu4|rouge|rouge1|rouge2|rougel|rougelsum|chrf|meteor|cider|" +
  "exactmatch|em|mcc|kappa|ndcg|mrr|recall|precision|sensitivity|specificity|hit|hits|hitrate|hit rate|hit ratio|hr|r2|r²|r squared|" +
  "explained variance|iou|miou|jaccard|dice|psnr|ssim|pearson|spearman|pearsonr|spearmanr|correlation|corr|pass|pass rate|" +
  "win rate|winrate|success rate|solve rate|score|comet|bertscore|ic";
const lower =
  "wer|cer|ter|eer|perplexity|ppl|bpc|bpb|bits per byte|bits per char|bits per dim|bpd|mae|mse|rmse|rmsle|mape|smape|mase|wape|" +
  "mdape|crps|nll|crossentropy|logloss|pinball|quantile|brier|ece|fid|kid|lpips|error|err|error rate|err rate|" +
  "top1 err|top5 err|edit distance|chamfer|ade|fde|hausdorff|fpr|fnr|mean squared error|mean absolute error";

/** What may follow the word: a cut-off, a class average, an averaging, the branch of a recogniser that was decoded. */
const tail =
  "( (@(\\d+|k)|\\d+|macro|micro|weighted|score|top1|top5|rate|ctc|att|attention|transducer|rnnt|greedy|beam))*";
const higherName = new RegExp(`(^| )(${higher})${tail}$`);
const lowerName = new RegExp(`(^| )(${lower})${tail}$`);
/** The error rate of phonemes: elsewhere the word says nothing. */
const phonemes = /^per( (ctc|att|attention|transducer|rnnt))?$/;
/** CLIP's `text_to_image_R@5`. */
const recallAt = /(^| )r @\d+$/;
/** Not how good the model is, but how sure, how many or how far off the best so far. */
const besides =
  /(^| )(best|reward|rewards|kl|ref|chosen|rejected|num|n|count|lr|std|var|margin|delta|target|patience)( |$)/;

/** Errors per word, character, token or phoneme: 1 is what a model that puts out nothing has. */
const errorRates = /(^| )(wer|cer|ter|per|error rate)( (ctc|att|attention|transducer|rnnt|greedy|beam))?$/;
export const isErrorRate = (name: string): boolean =>
  qualityOf(name) === "lower" && errorRates.test(wordsOf(name).full);

export function qualityOf(name: string): "higher" | "lower" | undefined {
  const { core, full } = wordsOf(name);
  if (besides.test(core)) return undefined;
  if (phonemes.test(full)) return "lower";
  // `bits per byte` has a word that says nothing elsewhere.
  if (lowerName.test(core) || lowerName.test(full)) return "lower";
  if (recallAt.test(core)) return "higher";
  return higherName.test(core) || higherName.test(full) ? "higher" : undefined;
}

/** How often the first guess is right. */
const firstGuess =
  /(^| )(acc|accu|accuracy|acc1|top1|prec1|multiclassaccuracy)( @1)?$|(^| )top 1( acc(uracy)?)?$|^top1 acc(uracy)?$|^prec @1$/;
export const isAccuracy = (name: string): boolean => firstGuess.test(wordsOf(name).core);

/**
 * Shares of which a solved task has nearly all. PSNR has no bound, BLEU and the like are far from theirs in good models,
 * and of retrieval and ranking the best models find little as well.
 */
const solvable =
  /(^| )(acc|accuracy|acc1|acc5|top1|top5|prec1|prec5|f1|fbeta|auc|auroc|rocauc|prauc|auprc|ap|map|map50|map5095|map75|recall|precision|sensitivity|specificity|exactmatch|em|iou|miou|jaccard|dice)( (macro|micro|weighted|score|[15]))*$/;
export const isSolvable = (name: string): boolean => solvable.test(wordsOf(name).core);

/** Nobody measures these on training batches. */
const spacy = /^ents [fpr]$/;
const retrieval = /^(recall|precision|ndcg|map|hits?|hr|mrr)( (@\d+|@k))?$/;
export const isHeldOutOnly = (name: string): boolean => {
  const { core } = wordsOf(name);
  return spacy.test(core) || (retrieval.test(core) && (core.includes("@") || /^(mrr|ndcg)/.test(core)));
};
