/**
 * Keys of a configuration as words. Trainers have their own spellings (`dialects`); scripts of one's own write `base_lr`,
 * `train/lr_peak`, `--learning-rate` or `hparams.LearningRate`, and mean the same.
 */
import type { OptionId } from "../dialects/dialect.ts";

/** Groups that settings stand in, and words that say no more than that it is the one. */
const neutralWords: ReadonlySet<string> = new Set(
  (
    "train training trainer optim optimizer optimiser opt cfg config conf args arg hparams hparam hp hyperparameters " +
    "hyperparams params param settings setup model policy actor student generator main global base peak max maximum " +
    "init initial start default target total num number n of adam adamw sgd"
  ).split(" "),
);
/** Of another model, another stretch of the run or another part of the data. */
const otherWords =
  /^(critic|value|vf|disc|discriminator|teacher|ref|reference|reward|rm|eval|evaluation|val|valid|validation|test|min|minimum|end|final|finder|scheduler)$/;

interface Meaning {
  readonly option: OptionId;
  /** What is left without neutral words. */
  readonly core: RegExp;
  /** ... and a word that has to be among all. */
  readonly needs?: RegExp;
}

const grads = "(grads?|gradients?)";
const ofSteps = "(steps|iters|iterations|updates|batches)";
const coefficient = "(coef|coeff|coefficient|weight|beta)";
const meanings: readonly Meaning[] = [
  { option: "learning_rate", core: /^(lr|lr0|learning rate|learningrate|lrate)$/ },
  { option: "warmup_steps", core: new RegExp(`^(lr )?(warmup|warm up)( ${ofSteps})?$`) },
  {
    option: "weight_decay",
    core: /^(weight decay|weightdecay|wd|l2|l2 (reg|regularization|regularisation|penalty|weight|coef|lambda))$/,
  },
  {
    option: "batch_size",
    core: /^((per device |per gpu |local |mini )?(batch|minibatch)( size| rows)?|batchsize|bs)$/,
  },
  {
    option: "max_grad_norm",
    core: new RegExp(
      `^(${grads} (clip|clipping)( (norm|threshold|limit))?|(clip |clipping )?${grads} norm|clip ${grads}( norm)?|(clip|clipping) norm|clipnorm)$`,
    ),
  },
  // `max_grad`, `max_norm`: without the bound they are measurements.
  { option: "max_grad_norm", core: new RegExp(`^(${grads}|norm)$`), needs: /^max(imum)?$/ },
  {
    option: "gradient_accumulation_steps",
    core: new RegExp(
      `^(${grads} (accum|accumulation|acc)( ${ofSteps})?|(accum|accumulation|accumulate)( grad)? ${ofSteps})$`,
    ),
  },
  { option: "epochs", core: /^(epochs|passes)$/ },
  { option: "max_steps", core: /^(steps|iters|iterations|updates)$/ },
  { option: "dropout", core: /^(dropout( (p|prob|probability|rate))?|p dropout|drop (rate|prob|p))$/ },
  { option: "label_smoothing", core: /^(label )?smoothing( (factor|eps|epsilon))?$/ },
  { option: "adam_beta2", core: /^(beta ?2|b2)$/ },
  // Anything has an epsilon.
  { option: "adam_epsilon", core: /^(eps|epsilon)$/, needs: /^(adam|adamw|optim|optimizer|optimiser|opt)$/ },
  { option: "kl_coefficient", core: new RegExp(`^kl( (loss|penalty|reward|div))? ${coefficient}$`) },
  { option: "entropy_coefficient", core: new RegExp(`^(entropy|ent)( (loss|bonus|reg))? ${coefficient}$`) },
];

/** A key has few words: what a hostile configuration holds costs no more than this. */
const longestKey = 120;

const wordsOfKey = (key: string): string[] =>
  key
    .slice(-longestKey)
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== "");

/** The option that a key means, whatever its casing, separators and groups; undefined when it is none of these. */
export function settingOf(key: string): OptionId | undefined {
  const words = wordsOfKey(key);
  if (words.some((word) => otherWords.test(word))) return undefined;
  const core = words.filter((word) => !neutralWords.has(word)).join(" ");
  return meanings.find(
    (one) => one.core.test(core) && (one.needs === undefined || words.some((word) => one.needs?.test(word))),
  )?.option;
}

/** Of each option that a configuration has, the key with the fewest words; the first of equals. */
export function settingsIn(keys: Iterable<string>): ReadonlyMap<OptionId, string> {
  const found = new Map<OptionId, string>();
  for (const key of keys) {
    const option = settingOf(key);
    if (option === undefined) continue;
    const before = found.get(option);
    if (before === undefined || wordsOfKey(key).length < wordsOfKey(before).length) found.set(option, key);
  }
  return found;
}
