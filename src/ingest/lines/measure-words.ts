/** Words by which a line of a hand-written loop is known to tell metrics. */
import { heldOutWords, trainingWords } from "./split-words.ts";

/** Words that make a name a metric of training. */
export const metricWord =
  /loss|acc_|grad|reward|perplexity|bleu|rouge|precision|recall|(?<![a-z])(acc(u(racy)?)?\d*|gnorm|ppl|bpb|f1|auc|map\d*|miou|entropy|kl|wer|cer|mae|rmse|mse|x[-_]?ent|cross[-_ ]?entropy|nll|bce|cost|ndcg|mrr|psnr|ssim|fid\w*|dice|iou|mape|smape|auroc|chrf|spearman|pearson)(?![a-z])/i;

/** The error rate of phonemes, which in small letters is a preposition. */
const phonemes = /(?:^|[\s_/.])PER$/;
const humps = /([a-z0-9])([A-Z])/g;
export const isMeasureName = (name: string): boolean =>
  metricWord.test(name) || phonemes.test(name) || metricWord.test(name.replace(humps, "$1 $2"));

/** Names that count only beside a metric or a step: settings are printed the same way. */
export const companion =
  /(^|[\s_/])(tok(en)?|sample|image|img|word|frame|step|it|iter|batch)e?s?(\/|[ _]?per[ _]?)s(ec(ond)?)?$|^((current |cur )?lr|(current )?learning[ _]?rate|lrm|mfu|tps|tok\/s|tokens?\/s(ec)?|time|dt|mem(ory)?|epoch)$/i;

/** A speed by its unit alone: TensorFlow's `global_step/sec: 11.3` has a line of its own. */
export const isRate = (name: string): boolean => /(\/|[ _]per[ _])s(ec(ond)?)?$/i.test(name);

/** What may stand beside a metric's word in a name that has neither `=` nor `:` behind it. */
const beside = new RegExp(
  `^(?:${heldOutWords}|${trainingWords}|tr|avg|average|ave|avr|mean|running|smoothed|moving|current|curr|cur|batch|epoch|total|tot|` +
    "global|token|best|min|max|lowest|highest|last|prev|previous|history|new|norm|learning|rate|lr|top|time|data|load|" +
    "iter|model|ema|per|per-step|score|micro|macro|weighted|speed|latency|throughput|took)\\.?$",
  "i",
);
const isKnownWord = (shown: string): boolean => {
  const word = shown.replace(/^\(|\)$/g, "");
  return beside.test(word) || isMeasureName(word);
};

/** Alone a word such as `best` or `batch` names nothing. */
const names = /^(lr|time|latency|throughput|speed|dt|mfu|[a-z]{2,10}\/s(ec)?|(ms|s|sec)\/(it|iter|step|batch))$/i;

/** Whether `name 1.23` without a mark between can be a metric: all of its words are known. */
export const isBareName = (name: string): boolean => {
  const words = name.split(/\s+/);
  if (!words.every((word) => isKnownWord(word) || names.test(word))) return false;
  return isMeasureName(name) || /learning rate$/i.test(name) || (words.length <= 2 && names.test(words.at(-1) ?? ""));
};
