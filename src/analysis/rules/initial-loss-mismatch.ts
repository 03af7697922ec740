import { at, median } from "../../base/statistics.ts";
import { rank } from "../causes.ts";
import { optional } from "../fact.ts";
import { evalLoss } from "../facts/eval-loss.ts";
import { type LayerCurve, layerActivationStd } from "../facts/layers.ts";
import { gradNorm } from "../facts/grad-norm.ts";
import { startLevel } from "../facts/chance.ts";
import { options } from "../facts/options.ts";
import { setup as setupFact } from "../facts/setup.ts";
import { levelOf } from "../facts/stretch.ts";
import { supervisedLoss } from "../facts/supervised-loss.ts";
import { objective } from "../facts/trainer.ts";
import { say } from "../numbers.ts";
import { defineRule } from "../rule.ts";

/**
 * A model that knows nothing and says so has a loss of ln(vocabulary size). A first logged row may
 * average several steps and random logits add up to about 0.5, so half as much again is called too much.
 */
const excess = 1.5;
/** Rows whose level is the one now. */
const lastRows = 10;
/** A layer stands out when its outputs scatter this many times more than those of the usual layer. */
const outstanding = 5;

export const initialLossMismatch = defineRule({
  id: "initial-loss-mismatch",
  title: "First loss is above chance",
  why: "A model that begins worse than guessing is wrongly initialised or computes another loss than it should.",
  needs: {
    rows: supervisedLoss,
    start: startLevel,
    norms: optional(gradNorm),
    objective: optional(objective),
    evals: optional(evalLoss),
    stds: optional(layerActivationStd),
    setup: setupFact,
    options,
  },
  signOf: ["masked-labels", "accumulation-scaling", "non-finite-loss", "hidden-non-finite-loss"],
  check({ rows, start, norms, evals, objective: kind, stds, setup, options: settings }) {
    if (kind !== "supervised") return [];
    const { loss: chance, words, classes } = start;
    const first = at(rows.value, 0);
    const ratio = first / chance;
    if (!(ratio >= excess)) return [];
    const norm = norms === null ? Number.NaN : at(norms.value, 0);
    const isInteger = Math.abs(ratio - Math.round(ratio)) < 0.1 && Math.round(ratio) > 1;
    const level = levelOf(rows.value, rows.length - lastRows, rows.length);
    // Early on any start is still near its first value.
    const isLong = rows.length >= 3 * lastRows && level < 0.7 * first;
    const gap = evals === null || !isLong ? Number.NaN : level / at(evals.value, evals.length - 1);
    const largest = stds === null ? null : largestOf(stds);
    return [
      {
        severity: "warning",
        message: `The first loss is ${say(first)}, ${say(ratio)} times ${classes === null ? words : `${words} = ${say(chance)}, which a model that only guesses would have`}.`,
        onset: { step: at(rows.step, 0), ...(largest === null ? {} : { layer: largest }) },
        end: null,
        recovered: null,
        evidence: [
          { series: rows.series, step: at(rows.step, 0), value: first, note: "first loss" },
          { series: null, step: null, value: classes, note: classes === null ? words : "vocab_size" },
          ...(Number.isNaN(norm) || norms === null
            ? []
            : [{ series: norms.series, step: at(norms.step, 0), value: norm, note: "first gradient norm" }]),
        ],
        causes: rank([
          {
            id: "initialization-too-large",
            statement:
              "The output layer starts with weights that are too large, so first guesses are confident and wrong.",
            prior: 0.45,
            clues: [
              { present: isInteger ? false : null, against: "the ratio is close to a whole number", weight: 1.5 },
              {
                present: isLong ? level < chance : null,
                for: `the loss is ${say(level)} now, below ${say(chance)}: only its start was off`,
                against: `the loss is still ${say(level)}, above ${say(chance)}`,
                weight: 2.5,
              },
              {
                present: setup.initial === null ? null : setup.initial > 0.1,
                for: `weights start with a standard deviation of ${say(setup.initial ?? Number.NaN)}`,
                against: `weights start with a standard deviation of ${say(setup.initial ?? Number.NaN)}`,
                weight: 2,
              },
              {
                present: setup.growth === null ? null : setup.growth > 30,
                for: `activations grow ${say(Math.round(setup.growth ?? Number.NaN))} times from the first layer to the last`,
                weight: 2.5,
              },
            ],
          },
          {
            id: "loss-not-averaged",
            statement: "The loss is summed where it should be averaged (over micro-batches, tokens or heads).",
            prior: 0.3,
            clues: [
              { present: isInteger ? true : null, for: `the ratio is close to ${Math.round(ratio)}`, weight: 2 },
              {
                present: isLong ? level > chance : null,
                for: `the loss is still ${say(level)}, above ${say(chance)}, though it fell`,
                against: `the loss is ${say(level)} now: a sum would have stayed as many times too large`,
                weight: 2.5,
              },
              {
                present: Number.isNaN(gap) ? null : gap > 1.5,
                for: `training loss is ${say(gap)} times the held-out loss`,
                against: "training and held-out loss agree",
                weight: 2,
              },
            ],
          },
          {
            id: "labels-shifted",
            statement: "Labels do not belong to the inputs: shifted twice, or a tokenizer of another model.",
            prior: 0.15,
            clues: [],
          },
          {
            id: "learning-rate-too-high",
            statement: "The first logged row already averages steps whose updates were too large.",
            prior: 0.05,
            clues: [
              {
                present: at(rows.step, 0) <= 1 ? false : null,
                against: "the first row is the first step",
                weight: 5,
              },
              {
                present: setup.isRateExtreme,
                for: `the learning rate is ${say(setup.rate ?? Number.NaN)}`,
                against: `a learning rate of ${say(setup.rate ?? Number.NaN)} is usual`,
                weight: 3,
              },
            ],
          },
        ]),
        advice: [
          {
            id: "smaller-initialisation",
            summary:
              "Start with smaller weights: a standard deviation of sqrt(1 / (3 x hidden size)), about 0.02 for 1,000 hidden units.",
            changes: [settings.change("initializer_range", 0.02)],
            dialect: settings.dialect,
            expect: `The first loss is near ${say(chance)}.`,
            source: "https://github.com/bigscience-workshop/bigscience/blob/master/train/lessons-learned.md",
          },
          {
            id: "fix-head",
            summary:
              "Start the output layer at 0, with the logarithm of each class's share as its bias, so that the first prediction is no better and no worse than a guess.",
            changes: [],
            dialect: settings.dialect,
            expect: `The first loss is near ${say(chance)} or below it, and the first steps are not spent on learning the bias.`,
            source: "https://karpathy.github.io/2019/04/25/recipe/",
          },
          {
            id: "check-reduction",
            summary:
              "Check that the loss is a mean over the tokens that carry a label, and that tokenizer and model belong together.",
            changes: [],
            dialect: settings.dialect,
            expect: `The first loss is near ${say(chance)}, below it for a model that was trained before.`,
            source: "https://karpathy.github.io/2019/04/25/recipe/",
          },
        ],
      },
    ];
  },
});

/** The layer whose first outputs stand out by their size; null when none does. */
function largestOf(curves: readonly LayerCurve[]): string | null {
  const sizes = curves.map((curve) => at(curve.value, 0));
  const usual = median(sizes);
  const most = sizes.reduce((a, b) => Math.max(a, b), 0);
  return most > outstanding * usual ? (curves[sizes.indexOf(most)]?.layer ?? null) : null;
}
