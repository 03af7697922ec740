import { at, bendsOf, mean, median, noiseAtMost } from "../../base/statistics.ts";
import type { Advice } from "../../model/finding.ts";
import { rank } from "../causes.ts";
import { optional } from "../fact.ts";
import { evalLoss } from "../facts/eval-loss.ts";
import { gradNorm } from "../facts/grad-norm.ts";
import { evenPairs } from "../facts/trainer.ts";
import { fewLosses, lossToLearn } from "../facts/enough-loss.ts";
import { bumpAtStart } from "../facts/loss-launch.ts";
import { learningRate } from "../facts/learning-rate.ts";
import { motion as motionFact } from "../facts/motion.ts";
import { chance as chanceFact } from "../facts/chance.ts";
import { type Crawl, crawl } from "../facts/crawl.ts";
import { type Forgetting, forgetting } from "../facts/forgetting.ts";
import { type LongWarmUp, longWarmUp } from "../facts/long-warm-up.ts";
import { type Options, options } from "../facts/options.ts";
import { rowPerEpoch } from "../facts/row-per-epoch.ts";
import { setup as setupFact } from "../facts/setup.ts";
import { type WorstRate, worstRate } from "../facts/worst-rate.ts";
import { shuffleExamples } from "../instability.ts";
import { round, say, saySteps } from "../numbers.ts";
import { defineRule, type Undecided } from "../rule.ts";
import { standstillSuspects, tinyNorm } from "../suspects/standstill.ts";

/** Steps before a flat start is judged. */
const fewestSteps = 50;
/** Rows at a rate of at least half the peak: before that the warm-up may be all there is to see. */
const fewestWarmRows = 10;
/** Of a log with fewer rows a third, and four. */
const usualRows = 20;
const warmShare = 1 / 3;
const fewestWarmRowsOfFew = 4;
const undecided: Undecided = { missing: [lossToLearn.id] };
/**
 * Flat: what the loss gained is below this share of it, even with 2 standard errors added, and the
 * standard errors themselves are small enough to say so. Slow and noisy runs stay undecided.
 */
const flatShare = 0.01;
/** The same where at least three evaluations of the held-out loss are flat as well. */
const borneOutShare = 0.025;
const fewestEvals = 3;
/** ... and the very first rows were no higher than this: a loss that fell and then stood still is loss-plateau. */
const firstRows = 5;
const firstGain = 0.025;
/** Of chance, where it is known: what training gained below it, with 2 standard errors, while no evaluation is below it. */
const guessedShare = 0.04;
/** A log that begins this many of its own intervals after step 0 is a part of a longer run, where a plateau is normal. */
const lateStartIntervals = 20;
/** A held-out loss that fell by more than this share has learned. */
const heldShare = 0.02;
/** Within this share of ln(vocabulary size) a model still guesses. */
const chanceShare = 0.1;

export const noLearning = defineRule({
  id: "no-learning",
  title: "The model does not learn",
  why: "The loss is where it was at the start; the run costs time and changes nothing.",
  needs: {
    shape: fewLosses,
    isEpoch: rowPerEpoch,
    rate: optional(learningRate),
    norms: optional(gradNorm),
    evals: optional(evalLoss),
    chance: optional(chanceFact),
    slow: optional(crawl),
    forgets: optional(forgetting),
    late: optional(longWarmUp),
    even: optional(evenPairs),
    worst: optional(worstRate),
    setup: setupFact,
    motion: motionFact,
    options,
  },
  signOf: [
    "masked-labels",
    "hidden-non-finite-loss",
    "non-finite-loss",
    "loss-divergence",
    "accumulation-scaling",
    "gradient-explosion",
  ],
  check({
    shape,
    isEpoch,
    rate,
    norms,
    evals,
    chance,
    slow,
    forgets,
    late,
    even,
    worst,
    setup,
    motion,
    options: settings,
  }) {
    const { rows, launch, excursions } = shape;
    const isFew = rows.length < usualRows;
    const tooEarly = isFew ? undecided : [];
    const noise = isFew ? noiseAtMost(bendsOf(rows.value)) : shape.noise;
    const first = at(rows.step, 0);
    const last = at(rows.step, rows.length - 1);
    if (last - first < fewestSteps && !isEpoch) return tooEarly;
    if (first > (lateStartIntervals * (last - first)) / (rows.length - 1)) return [];
    if (rate !== null && late === null) {
      const enough = isFew
        ? Math.min(fewestWarmRows, Math.max(fewestWarmRowsOfFew, Math.ceil(warmShare * rate.length)))
        : fewestWarmRows;
      let warm = 0;
      for (let i = 0; i < rate.length && warm < enough; i++) if (at(rate.value, i) >= 0.5 * rate.peak) warm += 1;
      const isClimbing = rate.warmedUpAt !== null && rate.warmedUpAt >= at(rate.step, rate.length - 1);
      // A rate of 0 all along is a cause, not a warm-up.
      if (rate.peak > 0 && (warm < enough || isClimbing)) return tooEarly;
    }
    const size = isFew ? Math.floor(rows.length / 3) : Math.max(5, Math.floor(rows.length / 4));
    const start = mean(rows.value.subarray(0, size));
    const end = mean(rows.value.subarray(rows.length - size));
    const error = noise * Math.sqrt(2 / size);
    // A held-out loss that improves says that something is learned after all; one that stands still bears the
    // training loss out, which then may be noisier.
    const held =
      evals === null || evals.length < 2 ? Number.NaN : 1 - at(evals.value, evals.length - 1) / at(evals.value, 0);
    // A start above chance that falls to chance has learned how often each class comes, and nothing of the task.
    const heldNow = evals === null ? Number.NaN : at(evals.value, evals.length - 1);
    const isHeldAtChance =
      chance !== null && evals !== null && evals.length >= fewestEvals && heldNow > (1 - heldShare) * chance.loss;
    const isGuessing =
      chance !== null &&
      start > (1 - flatShare) * chance.loss &&
      !(heldNow < (1 - heldShare) * chance.loss) &&
      chance.loss - end + 2 * error < (isHeldAtChance ? guessedShare : flatShare) * chance.loss &&
      end < (1 + chanceShare) * chance.loss;
    const moved = forgets ?? late ?? slow ?? worst;
    if (held > heldShare && moved === null && !isGuessing) return [];
    const isHeldFlat =
      evals !== null &&
      evals.length >= fewestEvals &&
      Math.abs(held) < flatShare &&
      median(rows.value.subarray(0, firstRows)) - end < firstGain * Math.abs(start);
    const bar = (isHeldFlat ? borneOutShare : flatShare) * Math.abs(start);
    const isFlat = isGuessing || (start - end + 2 * error < bar && 2 * error < bar);
    // Of few rows no more is said than that they gained more than their noise.
    if (!isFlat && moved === null) return isFew && !(start - end > 2 * error + bar) ? undecided : [];
    // Where more is known than that it stands still, that is said.
    const isMoved = !isFlat || forgets !== null || late !== null;
    const isAtWorst = isMoved && worst !== null && forgets === null && late === null && slow === null;
    const norm = norms === null ? Number.NaN : at(norms.value, norms.length - 1);
    const atChance = chance !== null && Math.abs(end / chance.loss - 1) <= chanceShare;
    const configured = settings.number("learning_rate") ?? rate?.peak;
    const isRateZero = configured === undefined ? null : configured === 0;
    const to = configured === undefined || configured === 0 ? 1e-4 : round(configured * 10);
    return [
      {
        // A good model that is trained further may gain as little for long: at chance, or without a gradient, it is
        // sure; with a flat held-out loss it is likely; else it is only said.
        severity: isMoved
          ? "warning"
          : atChance || isRateZero === true || norm < tinyNorm
            ? "error"
            : held <= heldShare
              ? "warning"
              : "info",
        message: isMoved
          ? movedStory({ slow, forgets, late, worst }, `${last} steps (${saySteps(rows.length)})`)
          : `Loss was ${say(start)} at the start and is ${say(end)} after ${last} steps (${saySteps(rows.length)}): no change beyond its noise of ${say(noise)}.${atChance ? ` That is ${chance.words}: the model still guesses.` : ""}`,
        onset: { step: isAtWorst ? worst.step : first },
        end: null,
        recovered: false,
        evidence: [
          { series: rows.series, step: first, value: at(rows.value, 0), note: "first loss" },
          { series: rows.series, step: last, value: at(rows.value, rows.length - 1), note: "last loss" },
          ...(isAtWorst ? [{ series: worst.series, ...worst.last, note: "held-out error rate, last evaluation" }] : []),
          ...(Number.isFinite(norm) && norms !== null
            ? [
                {
                  series: norms.series,
                  step: at(norms.step, norms.length - 1),
                  value: norm,
                  note: "last gradient norm",
                },
              ]
            : []),
          ...(rate === null
            ? []
            : [{ series: rate.series, step: rate.peakStep, value: rate.peak, note: "highest learning rate so far" }]),
        ],
        causes: rank(
          standstillSuspects({
            atChance: isAtWorst ? true : chance === null || !isFlat ? null : atChance,
            fromStart: !isAtWorst,
            moves: !isFlat && !isAtWorst,
            forgets,
            late,
            areEven: even,
            jumped: launch !== null || excursions.length > 2,
            bump: bumpAtStart(rows, noise),
            setup,
            motion,
          }),
        ),
        advice: [
          ...(forgets === null ? [] : [shuffleExamples(settings)]),
          ...(late === null ? [] : [shorterWarmUp(late, last, settings)]),
          ...(even === true ? [seeAnswers(settings)] : []),
          {
            id: "check-trainable",
            summary:
              "Print which parameters require a gradient and what share of all they are; correct the pattern that chooses them.",
            changes: settings.has("trainable_modules") ? [settings.change("trainable_modules", "all-linear")] : [],
            dialect: settings.dialect,
            expect: "The loss falls within the first tens of steps.",
            source: "https://huggingface.co/docs/trl/lora_without_regret",
          },
          {
            id: "raise-learning-rate",
            summary: `If all that should train does, raise the learning rate tenfold, to ${say(to)} (LoRA needs about ten times the rate of full fine-tuning).`,
            changes: [settings.change("learning_rate", to, rate?.peak)],
            dialect: settings.dialect,
            expect: "The loss falls within the first tens of steps.",
            source: "https://thinkingmachines.ai/blog/lora/",
          },
        ],
      },
    ];
  },
});

interface Moved {
  readonly slow: Crawl | null;
  readonly forgets: Forgetting | null;
  readonly late: LongWarmUp | null;
  readonly worst: WorstRate | null;
}

/** What a loss that does move has come to, `after` so many steps. */
function movedStory({ slow, forgets, late, worst }: Moved, after: string): string {
  if (late !== null)
    return `The learning rate was still climbing when the run ended: ${say(late.rate)} of ${say(late.target)}${late.steps === null ? "" : `, with a warm-up of ${late.steps} steps`}. Loss fell only from ${say(late.from)} to ${say(late.to)} in ${after}.`;
  if (forgets !== null)
    return `Loss fell to ${say(forgets.lowest)} and was thrown up to ${say(forgets.highest)} again, ${forgets.swings} times in ${after}, while guessing costs ${say(forgets.chance)}. Held-out loss is ${say(forgets.held)}, no better than that: what is learned of one batch is forgotten with the next ones.`;
  if (slow === null && worst !== null)
    return `Held-out error rate is ${say(worst.last.value)} in all ${worst.evals} evaluations, as of a model that puts out nothing, and held-out loss is no better than at the first (${say(worst.held.from)} there, ${say(worst.held.to)} now): since step ${worst.step} nothing was learned in ${after} that holds for other data.`;
  return `Loss fell from ${say(slow?.from ?? Number.NaN)} only to ${say(slow?.to ?? Number.NaN)} in ${after}, ${say(Math.round(100 * (slow?.gain ?? 0)))} % of what guessing costs, and for the same learning rate as fast at the end as at the start: the steps are far too small.`;
}

/** TRL's default for models of rewards; the prompt is counted in it. */
const pairLength = 1024;
const seeAnswers = (settings: Options): Advice => ({
  id: "see-answers",
  summary: "Decode both answers of one pair as the model gets them: where they are equal, raise the maximum length.",
  changes: [settings.change("max_length", Math.max(pairLength, 2 * (settings.number("max_length") ?? 0)))],
  dialect: settings.dialect,
  expect: "The margin differs from 0 in the first row already, and the accuracy leaves one half.",
  source: "https://huggingface.co/docs/trl/reward_trainer",
});

/** Google's tuning playbook: at most a tenth of the run. */
const warmUpShare = 0.1;
const shorterWarmUp = ({ steps }: LongWarmUp, total: number, settings: Options): Advice => ({
  id: "shorten-warm-up",
  summary: `Make the warm-up for this run: at most a tenth of its ${total} steps.`,
  changes: [settings.change("warmup_steps", Math.max(1, Math.round(warmUpShare * total)), steps ?? undefined)],
  dialect: settings.dialect,
  expect: "The learning rate reaches its peak within the first tenth of the run, and the loss falls from there on.",
  source: "https://github.com/google-research/tuning_playbook",
});
