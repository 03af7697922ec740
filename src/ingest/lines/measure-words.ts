/** Words by which a line of a hand-written loop is known to tell metrics. */
import { heldOutWords, trainingWords } from "./split-words.ts";

/** Words that make a name a metric of training. */
export const metricWord =
  /loss|\bacc(uracy)?\d*\b|\bacc@|_acc\b|acc_|grad|\bgnorm\b|reward|perplexity|\bppl\b|\bbpb\b|bleu|rouge|\bf1\b|\bauc\b|\bmap\d*\b|\bmiou\b|\bentropy\b|\bkl\b|\bwer\b|\bcer\b|\bmae\b|\brmse\b|\bmse\b|precision|recall|(?<![a-z])(x[-_]?ent|cross[-_ ]?entropy|nll|bce|cost|ndcg|mrr|psnr|ssim|fid\w*|dice|iou|mape|smape|auroc|chrf|spearman|pearson)(?![a-z])/i;

/** The error rate of phonemes, which in small letters is a preposition. */
const phonemes = /(?:^|[\s_/.])PER$/;
const humps = /([a-z0-9])([A-Z])/g;
export const isMeasureName = (name: string): boolean =>
  metricWord.test(name) || phonemes.test(name) || metricWord.test(name.replace(humps, "$1 $2"));

/** Names that count only beside a metric or a step: settings are printed the same way. */
export const companion =
  /(^|[\s_/])(tok(en)?|sample|image|img|word|frame|step|it|iter|batch)e?s?(\/|[ _]?per[ _]?)s(ec(ond)?)?$|^((current |cur )?lr|(current )?learning[ _]?rate|lrm|mfu|tps|tok\/s|tokens?\/s(ec)?|time|dt|mem(ory)?|epoch)$/i;

/** What may stand beside a metric's word in a name that has neither `=` nor `:` behind it. */
const beside = new RegExp(
  `^(?:${heldOutWords}|${trainingWords}|tr|avg|average|ave|avr|mean|running|smoothed|moving|current|curr|cur|batch|epoch|total|tot|` +
    "global|token|best|min|max|lowest|highest|last|prev|previous|history|new|norm|learning|rate|lr|top|time|data|load|" +
    "iter|model|ema|micro|macro|weighted|speed|latency|throughput|took)\\.?$",
  "i",
);
const isKnownWord = (word: string): boolean => beside.test(word) || isMeasureName(word);

/** Alone a word such as `best` or `batch` names nothing. */
const names = /^(lr|time|latency|throughput|speed|dt|mfu|[a-z]{2,10}\/s(ec)?|(ms|s|sec)\/(it|iter|step|batch))$/i;

/** Whether `name 1.23` without a mark between can be a metric: all of its words are known. */
export const isBareName = (name: string): boolean => {
  const words = name.split(/\s+/);
  if (!words.every((word) => isKnownWord(word) || names.test(word))) return false;
  return isMeasureName(name) || /learning rate$/i.test(name) || (words.length <= 2 && names.test(words.at(-1) ?? ""));
};
