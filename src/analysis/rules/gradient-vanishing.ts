import { at } from "../../base/statistics.ts";
import { rank } from "../causes.ts";
import { optional } from "../fact.ts";
import { rowBefore } from "../facts/curve.ts";
import { gradDecay, vanishedShare } from "../facts/grad-decay.ts";
import { lossToLearn } from "../facts/enough-loss.ts";
import { signalGrowth } from "../facts/layer-activations.ts";
import { layerGradients } from "../facts/layer-gradients.ts";
import { layerSaturatedShare } from "../facts/layers.ts";
import { learningRate } from "../facts/learning-rate.ts";
import { options } from "../facts/options.ts";
import { setup as setupFact } from "../facts/setup.ts";
import { levelOf } from "../facts/stretch.ts";
import { lowerRate, surroundingsOf } from "../instability.ts";
import { say, saySteps } from "../numbers.ts";
import { defineRule } from "../rule.ts";
import { vanishingByDepth } from "../vanishing-by-depth.ts";
import { unitSuspects } from "../suspects/units.ts";
import { units } from "../facts/units.ts";

/** Gradients of a solved task vanish as they should: only a loss above this share of its start is unsolved. */
const unsolvedShare = 0.3;
/** ... and one that still falls by this share after the gradient went is not stuck. */
const movingShare = 0.05;
/** Rows that a gradient must stay away for. */
const fewestRows = 10;

export const gradientVanishing = defineRule({
  id: "gradient-vanishing",
  title: "Gradients vanish",
  why: "Without a gradient nothing is learned any more, and the loss stays where it is.",
  needs: {
    decay: gradDecay,
    shape: lossToLearn,
    rate: optional(learningRate),
    units: optional(units),
    layers: optional(layerGradients),
    bounded: optional(layerSaturatedShare),
    growth: optional(signalGrowth),
    setup: setupFact,
    options,
  },
  signOf: [
    "masked-labels",
    "hidden-non-finite-loss",
    "non-finite-loss",
    "loss-scale-collapse",
    "dead-units",
    "saturated-activations",
  ],
  leadsTo: ["no-learning"],
  check({
    decay: { rows, early, late, onsetRow },
    shape,
    rate,
    units: activations,
    setup,
    options: settings,
    ...layered
  }) {
    // A gradient that never arrived at the first layers has not fallen in time, and is seen in depth only.
    const byDepth = vanishingByDepth({ ...layered, shape, options: settings });
    if (onsetRow === null || rows.length - onsetRow < fewestRows || !(late <= vanishedShare * early)) return byDepth;
    const step = at(rows.step, onsetRow);
    const { rows: losses, initial, level } = shape;
    const lossRow = Math.max(0, rowBefore(losses, step));
    const then = levelOf(losses.value, lossRow - 2, lossRow + 3);
    if (!(initial > 0) || !(level > unsolvedShare * initial) || !(level > (1 - movingShare) * then)) return byDepth;
    const around = surroundingsOf(step, { grad: null, rate, options: settings });
    // After the end of the schedule nothing is asked of the gradient.
    if (rate !== null && !(rate.atStep(at(rows.step, onsetRow + fewestRows - 1)) > 1e-3 * rate.peak)) return byDepth;
    const jumped = shape.excursions.some((one) => Math.abs(one.row - lossRow) <= 10) || shape.launch !== null;
    return [
      {
        severity: "error",
        message: `Gradient norm fell from ${say(early)} to ${say(late)}${late > 0 ? `, ${say(Math.round(early / late))} times less` : ""}, since step ${step}, while the loss is still ${say(level)} (${say(initial)} at the start) and no longer falls.`,
        onset: { step },
        end: null,
        recovered: false,
        evidence: [
          {
            series: rows.series,
            step: at(rows.step, 0),
            value: at(rows.value, 0),
            note: `gradient norm at the start; usually ${say(early)} there`,
          },
          {
            series: rows.series,
            step,
            value: at(rows.value, onsetRow),
            note: `first of ${saySteps(rows.length - onsetRow)} far below it`,
          },
          {
            series: losses.series,
            step: at(losses.step, losses.length - 1),
            value: at(losses.value, losses.length - 1),
            note: "last loss",
          },
        ],
        causes: rank([
          ...unitSuspects(activations, jumped, setup.activation),
          {
            id: "learning-rate-too-high",
            statement: "An update that was too large threw the weights where no gradient comes back.",
            prior: 0.3,
            clues: [
              {
                present: jumped,
                for: "the loss jumped when it began",
                against: "the loss did not jump when it began",
                weight: 2,
              },
              {
                present: around.hasWarmUp === null ? null : !around.hasWarmUp,
                for: "training started at the full learning rate, without warm-up",
                against: "the learning rate was warmed up",
                weight: 1.5,
              },
            ],
          },
          {
            id: "missing-normalisation",
            statement: "The network is deep and has no normalisation, so that signals shrink from layer to layer.",
            prior: 0.15,
            clues: [],
          },
          {
            id: "initialization-too-small",
            statement: "Weights start so small that signals shrink from layer to layer.",
            prior: 0.1,
            clues: [],
          },
        ]),
        advice: [
          {
            id: "change-activation",
            summary:
              "Use an activation that keeps a gradient everywhere (GELU, SiLU or leaky ReLU in place of ReLU, sigmoid or tanh), with normalisation before it and residual connections around it.",
            changes: [],
            dialect: settings.dialect,
            expect: "The gradient norm stays within a factor of 30 of its start until the loss is low.",
            source: "https://arxiv.org/abs/1606.08415",
          },
          ...lowerRate(around, 10),
          {
            id: "initialise-by-width",
            summary:
              "Initialise by the width of each layer: variance 2/fan_in before ReLU (He), 1/fan_in before tanh (Xavier).",
            changes: [],
            dialect: settings.dialect,
            expect: "The standard deviation of activations is about the same in every layer.",
            source: "https://arxiv.org/abs/1502.01852",
          },
        ],
      },
    ];
  },
});
