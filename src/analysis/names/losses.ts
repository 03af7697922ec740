/**
 * Names of losses. A trainer logs one number that is minimised and often its parts besides; the rank says which of
 * several a person means by "the loss".
 */
import { wordsOf } from "./words.ts";

/** What a loss is computed by, as people and trainers write it before or after `loss`. */
const formulas =
  "lm|mlm|clm|sft|ce|cel|crossentropy|nll|bce|logloss|mse|mae|rmse|l1|l2|huber|quantile|pinball|focal|ctc|rnnt|dice|" +
  "contrastive|clip|infonce|nce|ntxent|triplet|ranking|rank|bpr|hinge|margin|dpo|ipo|orpo|kto|simpo|cpo|preference|" +
  "reward|rm|elbo|recon|reconstruction|diffusion|denoising|noise|flow|generative|caption|gpt|decoder|" +
  "classification|regression|forecast|model|task|main|supervised|mean squared error|sparse categorical crossentropy|" +
  "categorical crossentropy|binary crossentropy|smoothl1|language crossentropy|ssl|pretrain|pretraining|finetune";

/** Formulas by which alone a loss is called. `l1` and `l2` alone are norms as often. */
const bare =
  "ce|crossentropy|language crossentropy|categorical crossentropy|sparse categorical crossentropy|binary crossentropy|" +
  "nll|bce|logloss|binary logloss|multi logloss|mse|huber|elbo|infonce|nce|deviance|cost|objective|mean squared error";
/** Of held-out data these are told as well where training lowers something else. */
const bareErrors = "mae|rmse|mean absolute error|smape|crps";

/** Policy gradients: their level says nothing, which `facts/trainer.ts` knows by this name. */
const policy = "policy|pg|actor|act|ppo|grpo|reinforce|surrogate";

/**
 * Of these a number called loss is no measure of how well the model fits: weights and counts, regularisers, the two
 * sides of a game, and what a critic is off by.
 */
const notFitted: ReadonlySet<string> = new Set(
  (
    "scale scaler scaling weight weights coef coefficient coeff factor ratio multiplier mult fn function type name threshold " +
    "lr learning rate n num number count counts nan inf skipped best min max lowest highest std var variance stddev prev " +
    "previous old delta diff difference change gap improvement slope norm grad time mem patience target " +
    "aux auxiliary z zloss balance balancing lb moe router load expert gate mtp kl kld divergence entropy value vf v critic q td " +
    "d g gan disc discriminator gen generator adv adversarial fake real dis commit commitment vq codebook penalty " +
    "reg regularization regularisation decay wd sparsity orthogonal tv gp perceptual chosen rejected ref reference teacher " +
    "packet drop dropped stop early spike spikes rejection"
  ).split(" "),
);

const ranked: readonly RegExp[] = [
  /^(loss|lm loss|loss lm)$/,
  new RegExp(`^((${formulas}) )+loss$|^loss( (${formulas}))+$`),
  new RegExp(`^(${bare})$`),
];
const errors = new RegExp(`^(${bareErrors})$`);
const policyLoss = new RegExp(`^((${policy}) )+loss$|^loss (${policy})$`);
/** One or two words of the program's own: `seg_loss`, `loss_bbox`, `tower a loss`. */
const ofAnything = /^([a-z0-9]+ ){1,2}loss$|^loss( [a-z0-9]+){1,2}$/;

/** PaddlePaddle's `batch_cost` and `reader_cost` are seconds. */
const costsTime = /(^| )(batch|reader|time|iter|step) cost$/;

/** 0 is the loss itself, more is a part or another name of it; undefined is no loss. */
export function lossRank(name: string): number | undefined {
  const { core, split, full } = wordsOf(name);
  if (costsTime.test(full)) return undefined;
  const rank = ranked.findIndex((pattern) => pattern.test(core));
  if (rank >= 0) return rank;
  if (policyLoss.test(core)) return ranked.length;
  if (split !== "eval" && errors.test(core)) return ranked.length;
  const isOwn = ofAnything.test(core) && core.split(" ").every((word) => !notFitted.has(word));
  return isOwn ? ranked.length + 1 : undefined;
}

/** Whatever is called a loss, parts of one included. */
export const saysLoss = (name: string): boolean => /(^| )loss$/.test(wordsOf(name).core);

export const isPolicyLoss = (name: string): boolean => policyLoss.test(wordsOf(name).core);
