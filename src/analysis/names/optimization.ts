/** Names of gradient norms, learning rates and loss scales. */
import { wordsOf } from "./words.ts";

const gradients = "(grad|grads|gradient|gradients|g|dw)";
/** OLMo `total_grad_norm`, Lightning `grad_2.0_norm_total`, composer `l2_norm/grad/global`, verl `actor/grad_norm`. */
const gradNorms = [
  new RegExp(
    `^${gradients}( l2| 2| 2 0| inf)? ?norms?( l2)?$|^gnorm$|^gradnorm$|^l2 norm ${gradients}$|^norm( of)?( the)? ${gradients}$`,
  ),
  // The whole model's, under a group of its own; a critic is another model.
  new RegExp(`^(actor|policy|model|generator|student|encoder|optimizer|net|network) (${gradients} ?norms?|gnorm)$`),
  new RegExp(`^[a-z0-9 ]+ (${gradients} norm|gnorm)$`),
  // llm.c and nanoGPT's children print `norm`; Megatron's weights are `params norm`.
  new RegExp(`^norm$|^${gradients} (l2|magnitude)$`),
];
/** After clipping it is the limit, and a limit is no measurement. */
const afterClipping = /(^| )(clipped|clip|clipping|threshold|max|min|std|var|ratio)( |$)/;
const beforeClipping = /( (pre|before|un|no) ?clip(ped|ping)?$)|(^(un|pre|before) ?clip(ped|ping)? )/;
const anotherModel = /(^| )(critic|value|vf|disc|discriminator|d|reward|layer|weight|param|params|update)( |$)/;

/** 0 is the norm of the run; undefined is none. */
export function gradNormRank(name: string): number | undefined {
  const { core, split, full } = wordsOf(name);
  if (split === "eval") return undefined;
  const text = core.replace(beforeClipping, "");
  if (afterClipping.test(text)) return undefined;
  const bareGradient = /^grads?$|^gradient$/.test(full) ? 0 : -1;
  const rank = Math.max(
    bareGradient,
    gradNorms.findIndex((pattern) => pattern.test(text)),
  );
  if (rank < 0) return undefined;
  return anotherModel.test(text) ? gradNorms.length : rank;
}

/** What may follow `lr`: the number of a group, the name of an optimizer, a part of the model. */
const notRate: ReadonlySet<string> = new Set(
  (
    "loss scale mult multiplier factor ratio decay decays schedule scheduler warmup patience gamma min max num n count " +
    "steps range finder find power drop drops reduction reductions kl entropy norm wd"
  ).split(" "),
);
const rate = "(lr|learning rate|learningrate|lrate|step size|eta)";
const rateFirst = new RegExp(`^${rate}( [a-z0-9]+){0,4}$`);
const rateLast = new RegExp(
  `^([a-z0-9]+ ){1,3}(lr\\d*|learning rate|learningrate)( (group|pg|param group)? ?[a-z]?\\d+)?$`,
);

export function learningRateRank(name: string): number | undefined {
  const { core, split } = wordsOf(name);
  if (split === "eval") return undefined;
  if (core.split(" ").some((word) => notRate.has(word))) return undefined;
  if (core === "eta" || core === "step size") return undefined;
  if (new RegExp(`^${rate}$`).test(core)) return 0;
  if (/(^| )(critic|value|disc|discriminator|d)( |$)/.test(core))
    return rateFirst.test(core) || rateLast.test(core) ? 2 : undefined;
  return rateFirst.test(core) || rateLast.test(core) ? 1 : undefined;
}

const lossScales =
  /^(dynamic |amp |fp16 |grad |mixed precision )*(loss scale|loss scaler|gradscale|scaler scale|scaler|amp scale|fp16 scale)( factor)?$/;
/** Nothing but `scale` may be of anything: the fact looks whether it is a power of two, as loss scales are. */
export const isLossScale = (name: string): boolean => {
  const { core } = wordsOf(name);
  return lossScales.test(core) || core === "scale";
};
export const isBareScale = (name: string): boolean => wordsOf(name).core === "scale";
