import { at } from "../../base/statistics.ts";
import { rank } from "../causes.ts";
import { optional } from "../fact.ts";
import { clipping } from "../facts/clipping.ts";
import { lossShape } from "../facts/loss-shape.ts";
import { optimizer } from "../facts/optimizer.ts";
import { options } from "../facts/options.ts";
import { levelOf } from "../facts/stretch.ts";
import { round, say } from "../numbers.ts";
import { defineRule } from "../rule.ts";

/** Google's tuning playbook: more than half of the updates clipped is too aggressive. */
const mostShare = 0.5;
/** Norms around the limit are clipped half of the time by design; well above it is another thing. */
const leastTimes = 2;
const fewestRows = 20;
/**
 * Adam divides by the size of past gradients, so that a steady clip hardly changes its updates. Plain SGD moves
 * this many times less than its learning rate says, and a loss that gained less than this share shows it.
 */
const slowingTimes = 5;
const slowGain = 0.15;

export const clippingDominates = defineRule({
  id: "clipping-dominates",
  title: "Most gradients are clipped",
  why: "Clipping then sets the size of every update instead of bounding the rare one, and the learning rate no longer means what it says.",
  needs: { clipping, shape: optional(lossShape), optimizer: optional(optimizer), options },
  signOf: [
    "masked-labels",
    "hidden-non-finite-loss",
    "non-finite-loss",
    "loss-divergence",
    "gradient-explosion",
    "no-learning",
    "accumulation-scaling",
  ],
  check({ clipping: clip, shape, optimizer: algorithm, options: settings }) {
    if (clip.rows < fewestRows || !(clip.share > mostShare) || !(clip.times >= leastTimes)) return [];
    const gain =
      shape === null || !(shape.initial > 0)
        ? Number.NaN
        : 1 - levelOf(shape.rows.value, shape.rows.length - 20, shape.rows.length) / shape.initial;
    const isSlowed = algorithm?.isAdaptive === false && clip.times >= slowingTimes && gain < slowGain;
    const to = round(1.5 * clip.norm);
    const rate = settings.number("learning_rate");
    return [
      {
        severity: isSlowed ? "warning" : "info",
        message: `${say(Math.round(100 * clip.share))} % of the gradients since step ${clip.firstStep} are clipped: the norm is usually ${say(clip.norm)}, ${say(clip.times)} times the limit of ${say(clip.limit)}.${isSlowed ? ` The optimizer (${algorithm.name}) then moves ${say(clip.times)} times less than its learning rate says, and the loss gained only ${say(Math.round(100 * gain))} %.` : algorithm?.isAdaptive === true ? ` ${algorithm.name} divides by the usual size of gradients, so this slows it little; but rare large gradients are no longer told from usual ones.` : ""}`,
        onset: { step: clip.firstStep },
        end: null,
        recovered: null,
        evidence: [
          { series: clip.series, step: clip.firstStep, value: clip.norm, note: "median norm from here on" },
          { series: null, step: null, value: clip.limit, note: settings.change("max_grad_norm", to).key },
          ...(shape === null
            ? []
            : [
                {
                  series: shape.rows.series,
                  step: at(shape.rows.step, shape.rows.length - 1),
                  value: at(shape.rows.value, shape.rows.length - 1),
                  note: `last loss; the first was ${say(shape.initial)}`,
                },
              ]),
        ],
        causes: rank([
          {
            id: "clip-below-usual-norm",
            statement:
              "The limit was taken from another model (1 is what most trainers begin with); the norm grows with the number of parameters.",
            prior: 0.6,
            clues: [{ present: clip.limit === 1 ? true : null, for: "the limit is the usual 1", weight: 1.5 }],
          },
          {
            id: "learning-rate-too-high",
            statement: "Only the clipping keeps this learning rate from diverging.",
            prior: 0.2,
            clues: [
              {
                present: shape === null ? null : shape.excursions.length > 2,
                for: `the loss left its band ${shape?.excursions.length ?? 0} times`,
                against: "the loss is calm",
                weight: 2,
              },
            ],
          },
          {
            id: "loss-not-averaged",
            statement: "The loss is summed where it should be averaged, and the gradient is as many times too large.",
            prior: 0.1,
            clues: [],
          },
        ]),
        advice: [
          {
            id: "raise-clip",
            summary: `Clip at ${say(to)}, about the 90th percentile of the usual norm${isSlowed && rate !== undefined ? `; lower the learning rate at the same time, since updates become up to ${say(clip.times)} times as large` : ""}.`,
            changes: [settings.change("max_grad_norm", to)],
            dialect: settings.dialect,
            expect: "About one gradient in ten is clipped.",
            source:
              "https://github.com/google-research/tuning_playbook#how-can-optimization-failures-be-debugged-and-mitigated",
          },
        ],
      },
    ];
  },
});
