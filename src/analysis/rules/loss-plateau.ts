import { at } from "../../base/statistics.ts";
import { rank } from "../causes.ts";
import { optional } from "../fact.ts";
import { evalLoss } from "../facts/eval-loss.ts";
import { firstRatio } from "../facts/first-ratio.ts";
import { flatness } from "../facts/flatness.ts";
import { lossToLearn } from "../facts/enough-loss.ts";
import { bumpAtStart } from "../facts/loss-launch.ts";
import { learningRate } from "../facts/learning-rate.ts";
import { motion as motionFact } from "../facts/motion.ts";
import { options } from "../facts/options.ts";
import { setup as setupFact } from "../facts/setup.ts";
import { levelOf } from "../facts/stretch.ts";
import { objective } from "../facts/trainer.ts";
import { round, say } from "../numbers.ts";
import { widenLora, loraRank } from "../lora.ts";
import { defineRule } from "../rule.ts";
import { endOf, standstillSuspects } from "../suspects/standstill.ts";

/** Flat for this share of the run while the rate is high: a plateau at the end of a schedule is what a schedule is for. */
const longShare = 0.6;
const highRate = 0.3;
/** A start within a quarter of guessing is a random one; only then is it known how much there was to gain. */
const randomStart = 0.75;
/** Gained less than this share of what guessing costs: an alarm; less than `saidGain`: said. Below `movedShare` it is no-learning. */
const alarmingGain = 0.13;
const saidGain = 0.35;
const movedShare = 0.02;
/** A schedule that ended before the loss came near 0. */
const solvedShare = 0.05;
/** A held-out loss that fell by more than this share since the plateau began has learned. */
const heldShare = 0.01;

export const lossPlateau = defineRule({
  id: "loss-plateau",
  title: "Loss stands still far above what is reachable",
  why: "Most of the run is spent without any gain.",
  needs: {
    flat: flatness,
    shape: lossToLearn,
    rate: optional(learningRate),
    evals: optional(evalLoss),
    ratio: optional(firstRatio),
    motion: motionFact,
    setup: setupFact,
    objective,
    lora: optional(loraRank),
    options,
  },
  signOf: [
    "masked-labels",
    "hidden-non-finite-loss",
    "non-finite-loss",
    "loss-divergence",
    "loss-scale-collapse",
    "gradient-vanishing",
    "dead-units",
    "saturated-activations",
    "no-learning",
    "accumulation-scaling",
    "initial-loss-mismatch",
    "learning-rate-too-high",
  ],
  check({ flat, shape, rate, evals, ratio, motion, setup, objective: kind, lora, options: settings }) {
    if (kind !== "supervised" || !(flat.initial > 0)) return [];
    const { rows } = shape;
    const gain = 1 - flat.level / flat.initial;
    const end = flat.scheduleEnd;
    const isEnded = end !== null && rate !== null && flat.level > solvedShare * flat.initial;
    const isRandomStart = ratio !== null && ratio >= randomStart && ratio < 1 / randomStart;
    const isStuck =
      !isEnded &&
      flat.share >= longShare &&
      isRandomStart &&
      gain < saidGain &&
      gain > movedShare &&
      !(flat.rateShare < highRate) &&
      !(heldGain(evals, flat.step) > heldShare);
    if (!isEnded && !isStuck) return [];
    const step = isEnded ? motion.scheduleFade : flat.step;
    const last = rows.length - 1;
    const peak = settings.number("learning_rate") ?? rate?.peak;
    const total = at(rows.step, last);
    return [
      {
        severity: isEnded || gain < alarmingGain ? "warning" : "info",
        message: isEnded
          ? `The learning rate ${step < end ? `is below a fiftieth of its peak from step ${step} on, and` : "has been"} ${endOf(motion)} since step ${end}, ${say(Math.round(100 * motion.scheduleEndShare))} % of the run: steps since then hardly change the weights, and the loss stands at ${say(levelOf(rows.value, last - 20, last + 1))}.`
          : `Loss fell from ${say(flat.initial)} to ${say(flat.level)} until step ${step} and has stood still since, for ${say(Math.round(100 * flat.share))} % of the run, with the learning rate ${Number.isNaN(flat.rateShare) ? "unchanged" : `at ${say(Math.round(100 * flat.rateShare))} % of its peak`}. Only ${say(Math.round(100 * gain))} % of what guessing costs was gained.`,
        onset: { step },
        end: null,
        recovered: false,
        evidence: [
          { series: rows.series, step: at(rows.step, 0), value: flat.initial, note: "first loss" },
          { series: rows.series, step: flat.step, value: at(rows.value, flat.row), note: "no gain from here on" },
          { series: rows.series, step: total, value: at(rows.value, last), note: "last loss" },
          ...(rate === null
            ? []
            : [
                {
                  series: rate.series,
                  step: rate.loggedAt(step),
                  value: rate.atStep(step),
                  note: `learning rate there; its peak was ${say(rate.peak)}`,
                },
              ]),
        ],
        causes: rank(
          standstillSuspects({
            atChance: null,
            fromStart: false,
            moves: false,
            jumped: shape.launch !== null || shape.excursions.length > 2,
            bump: bumpAtStart(shape.rows, shape.noise),
            setup,
            motion,
          }),
        ),
        advice: isEnded
          ? [
              {
                id: "fit-schedule",
                summary: `Make the schedule for the steps that are trained (${total}), or stop the run at step ${end}.`,
                changes: [settings.change("max_steps", total)],
                dialect: settings.dialect,
                expect: "The learning rate reaches its end with the last step, and the loss falls until then.",
                source: "https://arxiv.org/abs/2203.15556",
              },
            ]
          : [
              {
                id: "sweep-learning-rate",
                summary: `Try the learning rate three times higher and three times lower${peak === undefined ? "" : ` (${say(round(3 * peak))} and ${say(round(peak / 3))})`} for some hundred steps each.`,
                changes: peak === undefined ? [] : [settings.change("learning_rate", round(peak / 3), rate?.peak)],
                dialect: settings.dialect,
                expect: "One of them goes below this level within the steps that were spent on the plateau.",
                source: "https://github.com/google-research/tuning_playbook",
              },
              {
                id: "overfit-one-batch",
                summary:
                  "Train on one batch of 16 examples alone: a model that is wired correctly brings its loss to nearly 0 within some hundred steps.",
                changes: [],
                dialect: settings.dialect,
                expect: "If it does not, part of the model gets no gradient or does not see its input.",
                source: "https://karpathy.github.io/2019/04/25/recipe/",
              },
              ...widenLora(lora, settings),
            ],
      },
    ];
  },
});

function heldGain(evals: { readonly step: Float64Array; readonly value: Float64Array } | null, step: number): number {
  const from = evals?.step.findIndex((one) => one >= step) ?? -1;
  if (evals === null || from < 0) return Number.NaN;
  // The first one may still be of the fall that came before.
  return 1 - at(evals.value, evals.value.length - 1) / at(evals.value, from + 1);
}
