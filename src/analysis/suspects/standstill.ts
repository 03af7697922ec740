import type { Suspect } from "../causes.ts";
import type { Bump } from "../facts/loss-launch.ts";
import type { Forgetting } from "../facts/forgetting.ts";
import type { LongWarmUp } from "../facts/long-warm-up.ts";
import type { Motion } from "../facts/motion.ts";
import type { Setup } from "../facts/setup.ts";
import { say } from "../numbers.ts";
import { unscaledInput } from "./inputs.ts";
import { unitSuspects } from "./units.ts";

export interface Standstill {
  /** The loss stands at what guessing gives; null when that is not known. */
  readonly atChance: boolean | null;
  /** It never moved, other than falling first and stopping then. */
  readonly fromStart: boolean;
  /** It does move, by very little. */
  readonly moves: boolean;
  /** The loss rose or jumped at the beginning, before it stood still. */
  readonly jumped: boolean;
  /** What the first updates threw the loss up to. */
  readonly bump: Bump | null;
  readonly setup: Setup;
  readonly motion: Motion;
  /** The loss swings about guessing, see `forgetting`. */
  readonly forgets?: Forgetting | null;
  /** The run was over before its warm-up. */
  readonly late?: LongWarmUp | null;
  /** A model of rewards gives both answers of each pair the same, see `evenPairs`. */
  readonly areEven?: boolean | null;
}

/** A gradient norm that is no gradient: models that train have at least some hundredths. */
export const tinyNorm = 0.01;
/** Gradients of a model whose weights stay where they are keep their size, within the scatter of batches. */
const sameNorm = { from: 0.8, to: 1.25 };
/** Adam's epsilon is 1e-8 in most recipes; from here on it is as large as usual gradients of single weights. */
const largeEpsilon = 1e-5;
/** Less than this of the weights in training is a few biases, or an adapter. */
const fewTrainable = 0.05;
const smallInitial = 1e-3;
const smallStd = 0.02;
const deepFrom = 5;
const largeInput = 30;
/** Less than this share of the peak is said as 0. */
const zeroShare = 1e-4;
/**
 * Neither labels without a sense nor weights that stand still have first updates that harm; those of a rate that is
 * too high do, and now and then those of one that is usual (one of three recorded runs of SGD on shuffled labels).
 */
const bumpWeight = 8;

/** Weights that stand still, and a rate that is too low, leave the margins of a random start, which are not 0. */
const evenWeight = 10;
const evenAnswers: Suspect = {
  id: "pairs-indistinguishable",
  statement:
    "The model sees the same text for both answers of a pair: a maximum length that ends within the prompt, or one column read twice.",
  prior: 1,
  clues: [
    {
      present: true,
      for: "the margin is exactly 0 in all rows, and no two texts that differ get the same reward that often",
      weight: evenWeight,
    },
  ],
};

/** What a schedule ends at, for messages. */
export const endOf = ({ endRate, peakRate }: Motion): string =>
  endRate > zeroShare * peakRate ? `${say(endRate)} of ${say(peakRate)}` : "0";

/** Why a loss does not move, and what speaks for each. */
export function standstillSuspects({
  atChance,
  fromStart,
  moves,
  jumped,
  bump,
  setup,
  motion,
  forgets = null,
  late = null,
  areEven = null,
}: Standstill): Suspect[] {
  const { normFirst, normLast, isHeldConstant, stillShare, scheduleEnd } = motion;
  const isNormKnown = Number.isFinite(normLast);
  const hasNorm = isNormKnown ? normLast >= tinyNorm : null;
  const change = normLast / normFirst;
  const isSameNorm = Number.isFinite(change) ? change > sameNorm.from && change < sameNorm.to : null;
  const isStill = Number.isNaN(stillShare) ? null : stillShare === 1;
  const isMostlyStill = Number.isNaN(stillShare) ? null : stillShare >= 0.5;
  const isRateZero = setup.rate === null ? null : setup.rate === 0;
  const { activation, rate } = setup;
  const hasEnded = scheduleEnd !== null && motion.scheduleEndShare > 0.1;
  return [
    {
      id: "frozen-parameters",
      statement: "Nearly all parameters are frozen, or the optimizer holds others than the model's.",
      prior: fromStart ? 0.35 : 0.02,
      clues: [
        { present: moves ? false : null, against: "the loss moves, so the weights do", weight: 3 },
        {
          present: hasNorm === null ? null : !hasNorm || normLast < 5 * tinyNorm,
          for: `grad_norm is only ${say(normLast)}`,
          against: `grad_norm is ${say(normLast)}, so gradients arrive`,
          weight: 2,
        },
        {
          present: setup.notOptimized === null ? null : true,
          for: `${say(Math.round(100 * (setup.notOptimized?.share ?? 0)))} % of the trainable parameters were not given to the optimizer`,
          weight: 20,
        },
        {
          present: setup.trainableShare === null ? null : setup.trainableShare < fewTrainable,
          for: `only ${say(100 * (setup.trainableShare ?? 0))} % of the parameters are trained`,
          against: "most parameters require a gradient",
          weight: 4,
        },
        {
          present: isMostlyStill === null || isStill === true ? null : isMostlyStill,
          for: `${say(Math.round(100 * stillShare))} % of the watched layers do not change`,
          against: "the watched layers change from step to step",
          weight: 4,
        },
        {
          present: isRateZero === null ? null : !isRateZero && !hasEnded,
          for: `the learning rate is ${say(rate ?? Number.NaN)}`,
          against: "the learning rate is 0",
          weight: hasEnded ? 10 : 1.3,
        },
      ],
    },
    {
      id: "optimizer-not-stepping",
      statement:
        "The optimizer does not change the model: its step is never called or always skipped, or it holds parameters of another copy.",
      prior: fromStart ? 0.15 : 0.03,
      clues: [
        {
          present: moves || bump !== null ? false : null,
          against: moves ? "the loss moves, so the weights do" : "the first updates moved the loss, so they arrive",
          weight: 10,
        },
        {
          present: isHeldConstant,
          for: `the held-out loss is ${say(motion.heldValue)} at every evaluation: the weights are the same`,
          against: "the held-out loss changes, so the weights do",
          weight: 6,
        },
        {
          present: hasNorm,
          for: `gradients arrive (grad_norm ${say(normLast)})`,
          against: "no gradient arrives",
          weight: 3,
        },
        {
          present: isSameNorm,
          for: "grad_norm is what it was at the start, as with weights that stay where they are",
          against: `grad_norm changed from ${say(normFirst)} to ${say(normLast)}, so the weights did`,
          weight: 2,
        },
        {
          present: isStill,
          for: "no watched layer changes",
          against: "the watched layers change",
          weight: 6,
        },
        {
          present: isRateZero === true || hasEnded ? false : null,
          against: "with a learning rate of 0 nothing changes in any case",
          weight: 30,
        },
      ],
    },
    {
      id: "learning-rate-too-low",
      statement: "The learning rate is too low to move this model.",
      prior: fromStart ? 0.3 : 0.1,
      clues: [
        {
          present: late === null ? null : true,
          for: `the warm-up was longer than the run: the learning rate came to ${say(late?.rate ?? Number.NaN)} of ${say(late?.target ?? Number.NaN)}`,
          weight: 20,
        },
        {
          present: setup.isRateTiny === null || late !== null ? null : setup.isRateTiny || isRateZero === true,
          for: `the learning rate is ${say(rate ?? Number.NaN)}`,
          against: `a learning rate of ${say(rate ?? Number.NaN)} moves most models`,
          weight: isRateZero === true ? 6 : 3,
        },
        {
          present: isHeldConstant === true && isRateZero !== true ? false : null,
          against: "even a low rate would change the last digits of the held-out loss",
          weight: 3,
        },
        {
          present: isSameNorm,
          for: "grad_norm is what it was at the start",
          against: "grad_norm changed",
          weight: 1.5,
        },
        {
          present: Number.isNaN(motion.largestUpdate) || isStill === true ? null : motion.largestUpdate < 1e-4,
          for: `updates are at most ${say(motion.largestUpdate)} of the weights`,
          against: `updates reach ${say(motion.largestUpdate)} of the weights`,
          weight: 4,
        },
      ],
    },
    {
      id: "labels-unrelated",
      statement: "Labels do not depend on the inputs (shuffled apart), so there is nothing to learn.",
      prior: 0.12,
      clues: [
        { present: moves ? false : null, against: "the loss goes on falling", weight: 3 },
        {
          present: late === null ? null : false,
          against: "the learning rate never came to where labels would show",
          weight: 10,
        },
        {
          present: atChance,
          for: "the loss stands at chance",
          against: "the loss does not stand at chance",
          weight: 1.5,
        },
        { present: hasNorm, for: "gradients arrive and cancel out", against: "no gradient arrives", weight: 2 },
        {
          present: isSameNorm === null ? null : !isSameNorm && change < 1,
          for: `grad_norm fell from ${say(normFirst)} to ${say(normLast)}: what could be learned, how often each label comes, was`,
          against: "grad_norm did not fall, as it does once the frequencies of the labels are learned",
          weight: 1.5,
        },
        {
          present: isHeldConstant === null ? null : !isHeldConstant,
          for: "the held-out loss moves without becoming better",
          against: "the weights do not move at all",
          weight: isHeldConstant === true ? 6 : 1.5,
        },
        {
          present: isMostlyStill === null ? null : !isMostlyStill,
          for: "the weights change from step to step",
          against: "the weights do not change",
          weight: isMostlyStill === true ? 6 : 1.5,
        },
      ],
    },
    {
      id: "learning-rate-too-high",
      statement:
        "The learning rate is so high that the weights jump about, or were thrown where no gradient comes back.",
      prior: 0.08,
      clues: [
        {
          present: setup.isRateExtreme,
          for: `${say(rate ?? Number.NaN)} is far above what ${setup.optimizer === "" ? "optimizers are" : `${setup.optimizer} is`} used with`,
          against: `${say(rate ?? Number.NaN)} is within what is usual`,
          weight: setup.isRateExtreme === true ? 5 : 1.5,
        },
        {
          present: jumped || bump !== null,
          for:
            bump === null
              ? "the loss jumped at the beginning"
              : `the first updates threw the loss from ${say(bump.first)} up to ${say(bump.value)} (step ${bump.step})`,
          against: "the loss never jumped",
          weight: bump !== null && setup.isRateExtreme !== false ? bumpWeight : jumped || bump !== null ? 3 : 1.5,
        },
        {
          // SGD is often used without one.
          present: bump === null || setup.isAdaptive === false || setup.hasWarmUp === null ? null : !setup.hasWarmUp,
          for: "the rate is at its height from the first step on, without a warm-up",
          against: "the rate was warmed up",
          weight: 2,
        },
      ],
    },
    {
      id: "schedule-decayed-too-early",
      statement:
        "The schedule was made for fewer steps, or counts steps where it was given epochs: the rate has ended long before the run.",
      prior: 0.03,
      clues: [
        {
          present: Number.isNaN(motion.peakRate) ? null : hasEnded,
          for: `the learning rate is ${endOf(motion)} from step ${scheduleEnd ?? ""} on, ${say(Math.round(100 * motion.scheduleEndShare))} % of the run`,
          against: "the learning rate is not 0",
          weight: 40,
        },
      ],
    },
    {
      id: "degenerate-input",
      statement:
        "The inputs carry no information: constant, all padding, or so large that the first layer is saturated.",
      prior: 0.06,
      clues: [
        {
          present: atChance,
          for: "the loss stands at chance",
          against: "the loss does not stand at chance",
          weight: 1.3,
        },
        {
          present: setup.inputs !== null || setup.firstOutput === null ? null : setup.firstOutput > largeInput,
          for: `the first layer already puts out ${say(setup.firstOutput ?? Number.NaN)}: its inputs are not normalised`,
          weight: 4,
        },
        ...unscaledInput(setup),
      ],
    },
    {
      id: "wrong-loss-scale",
      statement: "The loss scale is wrong: every step overflows and is skipped, or gradients round to 0.",
      prior: 0.02,
      clues: [
        {
          present: Number.isNaN(motion.lostNorms) ? null : motion.lostNorms > 0.5,
          for: `grad_norm is not a number in ${say(Math.round(100 * motion.lostNorms))} % of the rows`,
          against: "grad_norm is a number",
          weight: 25,
        },
      ],
    },
    {
      id: "adam-epsilon-too-large",
      statement: "Adam's epsilon is as large as the gradients of single weights, which then hardly move.",
      prior: 0.04,
      clues: [
        {
          present: setup.epsilon === null || setup.isAdaptive === false ? null : setup.epsilon >= largeEpsilon,
          for: `epsilon is ${say(setup.epsilon ?? Number.NaN)}`,
          against: `epsilon is ${say(setup.epsilon ?? Number.NaN)}`,
          weight: 12,
        },
      ],
    },
    {
      id: "initialization-too-small",
      statement: "Weights start so small that signals and gradients shrink from layer to layer.",
      prior: 0.04,
      clues: [
        {
          present: setup.initial === null ? null : setup.initial <= smallInitial,
          for: `weights start with a standard deviation of ${say(setup.initial ?? Number.NaN)}`,
          against: `weights start with a standard deviation of ${say(setup.initial ?? Number.NaN)}`,
          weight: 5,
        },
        {
          present: Number.isFinite(motion.smallestStd) ? motion.smallestStd < smallStd : null,
          for: `outputs of a layer have a standard deviation of only ${say(motion.smallestStd)} at the first step`,
          weight: 3,
        },
      ],
    },
    {
      id: "missing-normalisation",
      statement: "The network is deep and has no normalisation, so that gradients shrink from layer to layer.",
      prior: 0.03,
      clues: [
        {
          present: setup.normalises === null ? null : !setup.normalises,
          for: "the configuration has normalisation off",
          against: "the model normalises",
          weight: 8,
        },
        {
          present: setup.layerCount !== null && setup.layerCount >= deepFrom ? true : null,
          for: `it has ${setup.layerCount ?? ""} layers`,
          weight: 1.5,
        },
      ],
    },
    {
      id: "data-order-not-shuffled",
      statement: "Examples are not shuffled: the model learns one kind after the other and forgets the ones before.",
      prior: 0.02,
      clues: [
        {
          present: setup.shuffles === null ? null : !setup.shuffles,
          for: "shuffling is off",
          against: "the data is shuffled",
          weight: 8,
        },
        {
          present: forgets === null ? null : true,
          for: `the loss falls to ${say(forgets?.lowest ?? Number.NaN)} within one kind of data and is thrown to ${say(forgets?.highest ?? Number.NaN)} by the next`,
          weight: 60,
        },
      ],
    },
    ...(areEven === true ? [evenAnswers] : []),
    ...unitSuspects(setup.units, jumped ? true : null, activation).map((suspect) => ({ ...suspect, prior: 0.05 })),
  ];
}
