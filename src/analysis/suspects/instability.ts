import type { Suspect } from "../causes.ts";
import type { GradientSum } from "../facts/gradient-sum.ts";
import type { Setup } from "../facts/setup.ts";
import type { Surroundings } from "../instability.ts";
import { say } from "../numbers.ts";
import { changedInput, unscaledInput } from "./inputs.ts";

export interface Trouble {
  /** It began within the first rows of training. */
  readonly isEarly: boolean;
  /** It came back by itself. */
  readonly recovered: boolean;
  readonly repeats: number;
  /** The first loss over that of guessing; NaN when the vocabulary is not known. */
  readonly initialRatio?: number;
  /** Whether gradients add up from step to step; null when not known. */
  readonly sum?: GradientSum | null;
  /** It comes back at equal distances; null when it did not happen often enough to say. */
  readonly isRegular?: boolean | null;
  /** Held-out loss had stood as high as the spikes before they came; null where no evaluation tells. */
  readonly isHeldAsHigh?: boolean | null;
}

/** Half-way between what recipes use (0.9 to 0.999) and a memory of 10,000 steps. */
const longMemory = 0.9995;
/** Recipes of unstable large runs use 0.95 (OPT, LLaMA) to 0.98. */
const shortMemory = 0.985;
/** A first loss this many times that of guessing is no random start of a usual size. */
const wrongStart = 1.5;
const largeInitial = 0.1;
/** A signal that grows this many times from the first layer to the last at the first step. */
const growthBar = 30;

/** Why a loss or a gradient leaves its band, and what speaks for each. */
export function instabilitySuspects(around: Surroundings, trouble: Trouble, setup: Setup): Suspect[] {
  const { grad, surge, lead, rate } = around;
  const {
    isEarly,
    recovered,
    repeats,
    initialRatio = Number.NaN,
    sum = null,
    isRegular = null,
    isHeldAsHigh = null,
  } = trouble;
  const hasNorms = grad !== null;
  const { clip } = setup;
  const isUnclipped = clip === null ? null : clip === 0;
  const startsWrong = Number.isNaN(initialRatio) ? null : initialRatio > wrongStart;
  return [
    {
      id: "learning-rate-too-high",
      statement: "The learning rate is higher than this model and batch size can follow.",
      prior: recovered ? 0.25 : 0.5,
      clues: [
        {
          present: around.isAtPeak,
          for: `the learning rate was near its peak (${say(around.rateHere)})`,
          against: `the learning rate had already fallen to ${say(around.rateHere)}`,
          weight: 1.5,
        },
        {
          present: setup.isRateExtreme,
          for: `${say(setup.rate ?? Number.NaN)} is far above what ${setup.isAdaptive === true ? "Adam" : "an optimizer"} is used with`,
          against: `${say(setup.rate ?? Number.NaN)} is within what ${setup.optimizer === "" ? "optimizers are" : `${setup.optimizer} is`} used with`,
          weight: setup.isRateExtreme === true ? 3 : 1.2,
        },
        {
          present: around.isWarmingUp === true ? true : null,
          for: "it came while the learning rate was climbing",
          weight: 2,
        },
        { present: repeats > 2 ? true : null, for: `it happened ${repeats} times`, weight: 2 },
        {
          present: isHeldAsHigh === true ? false : null,
          against: "held-out data cost as much before: no step lost what had been learned of them",
          weight: 4,
        },
        {
          present: hasNorms && surge !== null && lead > 0 ? true : null,
          for: `grad_norm left its band ${lead} logged steps before`,
          weight: 1.5,
        },
      ],
    },
    {
      id: "no-warmup",
      statement:
        "Training starts at the full learning rate, while Adam's estimates are still empty and gradients largest.",
      prior: 0.2,
      clues: [
        {
          present: setup.hasWarmUp === null ? null : !setup.hasWarmUp,
          for: "the learning rate has no warm-up",
          against: "the learning rate was warmed up",
          weight: isEarly ? (setup.hasWarmUp === true ? 8 : 2.5) : 1,
        },
        { present: isEarly, against: "it did not begin with training itself", weight: 6 },
        {
          present: setup.isRateExtreme === true ? false : null,
          against: "the rate would be too high after a warm-up as well",
          weight: 1.5,
        },
      ],
    },
    {
      id: "bad-batch",
      statement: "Some batches hold data of another kind: broken, mislabelled, repeated text, another language.",
      prior: recovered ? 0.45 : 0.15,
      clues: [
        {
          present: recovered,
          for: "training went on normally afterwards",
          against: "it did not come back when other batches followed",
          weight: 2,
        },
        {
          present: hasNorms ? surge !== null && lead === 0 : null,
          for: "grad_norm and loss jumped in the same row",
          weight: 1.3,
        },
        { present: repeats === 1 ? true : null, for: "it happened once", weight: 1.3 },
        { present: isEarly ? false : null, against: "it began with training itself", weight: 3 },
        {
          present: isHeldAsHigh === true ? false : null,
          against: "held-out data cost as much before: the batches of the spike are usual ones",
          weight: 4,
        },
        ...changedInput(setup, around.step),
      ],
    },
    {
      id: "degenerate-input",
      statement: "The inputs are not what layers and learning rates are made for: not centred, or far too large.",
      prior: 0.04,
      clues: [
        ...unscaledInput(setup),
        ...changedInput(setup, around.step),
        {
          present: !isEarly && setup.inputs?.isScaled === false ? false : null,
          against: "training went well with them before",
          weight: 3,
        },
      ],
    },
    {
      id: "no-gradient-clipping",
      statement: "Nothing bounds one update, so a single bad batch can throw the weights far.",
      prior: 0.1,
      clues: [
        {
          present: isUnclipped,
          for: "gradient clipping is off",
          against: `gradients are clipped at ${say(clip ?? Number.NaN)}`,
          weight: isUnclipped === true ? 2 : 5,
        },
        { present: hasNorms ? surge !== null : null, for: "grad_norm surged", weight: 1.5 },
        { present: repeats > 1 ? true : null, for: `it happened ${repeats} times`, weight: 1.5 },
      ],
    },
    {
      id: "initialization-too-large",
      statement: "Weights start so large that the first outputs are far off and the first gradients enormous.",
      prior: 0.08,
      clues: [
        {
          present: startsWrong,
          for: `the first loss is ${say(initialRatio)} times that of guessing`,
          against: "the first loss is what a small random start gives",
          weight: startsWrong === true ? 6 : 2,
        },
        {
          present: setup.initial === null ? null : setup.initial >= largeInitial,
          for: `weights start with a standard deviation of ${say(setup.initial ?? Number.NaN)}`,
          against: `weights start with a standard deviation of ${say(setup.initial ?? Number.NaN)}`,
          weight: 3,
        },
        {
          present: setup.growth === null ? null : setup.growth > growthBar,
          for: `activations grow ${say(Math.round(setup.growth ?? Number.NaN))} times from the first layer to the last at the first step`,
          against: "activations have about the same size in all layers at the first step",
          weight: setup.growth !== null && setup.growth > growthBar ? 4 : 1.5,
        },
        { present: isEarly, against: "it did not begin with training itself", weight: 6 },
      ],
    },
    {
      id: "missing-normalisation",
      statement: "Without normalisation the size of activations and gradients is not bounded.",
      prior: 0.03,
      clues: [
        {
          present: setup.normalises === null ? null : !setup.normalises,
          for: "the configuration has normalisation off",
          against: "the model normalises",
          weight: 6,
        },
      ],
    },
    {
      id: "adam-beta2-too-high",
      statement:
        "Adam's second moment lags behind: it had decayed while gradients were small, so usual gradients became huge updates.",
      prior: 0.1,
      clues: [
        {
          present: setup.isAdaptive === false ? false : null,
          against: `${setup.optimizer} has no second moment`,
          weight: 100,
        },
        {
          present: rate === null || isEarly ? null : surge !== null,
          for: "it came late, in training that was stable until then",
          weight: 1.3,
        },
        { present: isEarly ? false : null, against: "it began with training itself", weight: 4 },
        {
          present:
            setup.beta2 === null ? null : setup.beta2 >= longMemory ? true : setup.beta2 <= shortMemory ? false : null,
          for: `beta2 is ${setup.beta2 ?? ""}, a memory of ${Math.round(1 / (1 - (setup.beta2 ?? 0)))} steps`,
          against: `beta2 is only ${setup.beta2 ?? ""}`,
          weight: 8,
        },
      ],
    },
    {
      id: "gradients-not-cleared",
      statement: "zero_grad is missing: each step adds its gradient to those of all steps before.",
      prior: 0.05,
      clues: [
        {
          present: sum === null ? null : sum.isSum,
          for: sum?.sign ?? "",
          against: sum?.sign ?? "",
          weight: sum?.isSum === true ? 60 : 5,
        },
        { present: isEarly ? true : null, for: "it began with training itself", weight: 1.3 },
      ],
    },
    {
      id: "fp16-overflow",
      statement: "Numbers overflow in fp16 (largest value 65504).",
      prior: 0.03,
      clues: [
        {
          present: setup.precision === null ? null : setup.precision === "fp16",
          for: "training runs in fp16",
          against: `training runs in ${setup.precision ?? ""}`,
          weight: 4,
        },
      ],
    },
    {
      id: "data-order-not-shuffled",
      statement: "Examples are not shuffled: the loss jumps where the data changes its kind.",
      prior: 0.03,
      clues: [
        {
          present: setup.shuffles === null ? null : !setup.shuffles,
          for: "shuffling is off",
          against: "the data is shuffled",
          weight: 8,
        },
        {
          present: isRegular,
          for: `it comes back at equal distances, ${repeats} times`,
          against: "it comes at uneven distances",
          weight: isRegular === true ? 12 : 2,
        },
        {
          present: isHeldAsHigh,
          for: "held-out loss had not come down with the training loss before: only what had been read lately was learned",
          against: "held-out loss was low before: what had been read was of all kinds",
          weight: isHeldAsHigh === true ? 30 : 1.5,
        },
      ],
    },
  ];
}
