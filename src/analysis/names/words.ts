/**
 * Metric names as words. Everybody writes them differently (`train_loss`, `loss/train`, `Loss`, `TrainLoss`), so
 * signals look at what is left when separators, case, the split and words that say nothing are taken off.
 */
export interface NameWords {
  /** All words but those of the split, in lower case, with one blank between them. */
  readonly full: string;
  /** Without the words that only say how or how often the number was taken: `epoch avg loss` is `loss`. */
  readonly core: string;
  /** Which part of the data, where the name says so; held-out data win. */
  readonly split: "train" | "eval" | null;
}

const trainWords: ReadonlySet<string> = new Set(["train", "training", "trn"]);
const evalWords: ReadonlySet<string> = new Set(
  "eval evaluation val vali valid validation test testing dev cv heldout holdout".split(" "),
);
const isEvalWord = (word: string): boolean => evalWords.has(word.toLowerCase());

/** Statistics over the steps between two rows, and the trackers' groups. `max`, `min`, `std` are another number. */
const neutralWords: ReadonlySet<string> = new Set(
  (
    "avg average ave avr mean moving running smooth smoothed ema current curr cur total tot global overall step epoch iter iteration batch " +
    "minibatch micro microbatch per token sample now last final raw all metrics metric performance perf optim optimizer " +
    "trainer scalars scalar stats monitor progress logs log summary window interval unscaled reduced sum"
  ).split(" "),
);

/** Words with a capital inside that are one word. */
const joined: readonly (readonly [RegExp, string])[] = [
  [/(?<![a-z])held[_ -]?out(?![a-z])/gi, " heldout "],
  [/(?<![a-z])hold[_ -]out(?![a-z])/gi, " holdout "],
  [/info[_ -]?nce/gi, " infonce "],
  [/log[_ -]?loss/gi, " logloss "],
  [/cross[_ -]?entropy/gi, " crossentropy "],
  [/(?<![a-z])x[_ -]?ent(ropy)?(?![a-z])/gi, " crossentropy "],
  [/roc[_ -]auc/gi, " rocauc "],
  [/pr[_ -]auc/gi, " prauc "],
  [/exact[_ -]?match/gi, " exactmatch "],
  [/grad(ient)?s?[_ -]?scale(r)?(?![a-z])/gi, " gradscale "],
  // LightGBM's `valid_1's rmse`.
  [/(?<=[a-z0-9])'s(?![a-z])/gi, " "],
  [/(?<=(?:valid|eval|test|train)_)\d(?=[^a-z0-9])/gi, " "],
  [/map@\.?50?:\.?95/gi, " map5095 "],
  [/map@\.?50?(?![\d:])/gi, " map50 "],
  [/data[_ -]?load(er|ing)/gi, " dataload$1 "],
];

/** A name has few words: what a hostile program prints costs no more than this. */
const longestName = 200;

function split(name: string): string[] {
  let text = name.slice(0, longestName);
  // `|g|` and `‖g‖` are norms in print.
  text = text.replace(/^[|‖]+\s*(g|grad|∇|dw)\s*[|‖]+$/i, "grad norm");
  for (const [pattern, one] of joined) text = text.replace(pattern, one);
  return (
    text
      // trainLoss, CELoss, trainACC; mAP and nDCG stay one word.
      .replace(/([a-z0-9])([A-Z][a-z])/g, "$1 $2")
      .replace(/([a-z]{2})([A-Z]{2})/g, "$1 $2")
      .replace(/([A-Z])([A-Z][a-z]{2})/g, "$1 $2")
      .toLowerCase()
      .replace(/@(\d+|k)\b/g, " @$1 ")
      .replace(/%/g, " % ")
      .split(/[^a-z0-9@%²∇]+/)
      .filter((word) => word !== "")
  );
}

function read(name: string): NameWords {
  const all = split(name);
  // A group of losses says of its members no more than their own names, unless these do not.
  const words = all.includes("loss")
    ? all.filter((word) => word !== "losses")
    : all.map((word) => (word === "losses" ? "loss" : word));
  // `tr_loss` is HF's own variable; later in a name `tr` is anything.
  const isTrainWord = (word: string, i: number): boolean =>
    trainWords.has(word) || (i === 0 && word === "tr" && words.length > 1);
  const isEval = words.some((word) => evalWords.has(word));
  const isTrain = words.some(isTrainWord);
  const rest = words.filter((word, i) => !isTrainWord(word, i) && !evalWords.has(word));
  return {
    full: rest.join(" "),
    core: rest.filter((word) => !neutralWords.has(word)).join(" "),
    split: isEval ? "eval" : isTrain ? "train" : null,
  };
}

/** Names repeat for every signal and every run; a program that makes up new ones all the time fills it no further. */
const mostKnown = 4096;
const known = new Map<string, NameWords>();

export function wordsOf(name: string): NameWords {
  let words = known.get(name);
  if (words === undefined) {
    words = read(name);
    if (known.size >= mostKnown) known.clear();
    known.set(name, words);
  }
  return words;
}

/** Which data a series is of, by its name or else by its label `split`; what says nothing is of the training. */
export function splitOf(name: string, labels: Readonly<Record<string, string>>): "train" | "eval" | "other" {
  const { split: named } = wordsOf(name);
  const label = labels["split"];
  if (named === "eval" || (label !== undefined && isEvalWord(label))) return "eval";
  return label === undefined || trainWords.has(label.toLowerCase()) ? "train" : "other";
}
