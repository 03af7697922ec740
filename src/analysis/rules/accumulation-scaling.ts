import { at, median } from "../../base/statistics.ts";
import { rank } from "../causes.ts";
import { optional } from "../fact.ts";
import { rowAtStep } from "../facts/curve.ts";
import { evalLoss } from "../facts/eval-loss.ts";
import { options, vocabularySize } from "../facts/options.ts";
import { supervisedLoss } from "../facts/supervised-loss.ts";
import { objective, rewardModelling } from "../facts/trainer.ts";
import { say } from "../numbers.ts";
import { defineRule } from "../rule.ts";

/**
 * The logged loss is this close to `gradient_accumulation_steps` times what it should be. LLaMA-Factory#7443
 * saw 2 -> 6.4, 4 -> 13.65, 16 -> 69, 32 -> 138 on one model, within 8 % of proportional.
 */
const band = 0.15;
/** A model of rewards guesses which of two answers is the better one. */
const answersOfPair = 2;
/** Without the setting, only ratios near these powers of two, held over several evaluations, are taken for it. */
const likelyRatios: readonly number[] = [4, 8, 16, 32, 64];
const guessBand = 0.08;
const fewestGuessedEvals = 2;
/** Evaluations that are looked at: early on the training loss lags behind, the last ones are the cleanest. */
const lastEvals = 6;
/** Rows of the training loss that are compared with one evaluation. */
const nearRows = 3;

export const accumulationScaling = defineRule({
  id: "accumulation-scaling",
  title: "Loss is scaled by gradient accumulation",
  why: "Losses of micro-batches are summed instead of averaged: the gradient is as many times too large, and so is the loss in the log.",
  needs: {
    rows: supervisedLoss,
    evals: optional(evalLoss),
    vocabulary: optional(vocabularySize),
    objective: optional(objective),
    pairs: optional(rewardModelling),
    options,
  },
  check({ rows, evals, vocabulary, objective: kind, pairs: isOfPairs, options: settings }) {
    if (kind !== "supervised") return [];
    const steps = settings.number("gradient_accumulation_steps");
    if (steps !== undefined && steps < 2) return [];
    const pairs: { step: number; train: number; held: number }[] = [];
    for (let i = Math.max(0, (evals?.length ?? 0) - lastEvals); evals !== null && i < evals.length; i++) {
      const step = at(evals.step, i);
      const held = at(evals.value, i);
      const row = rowAtStep(rows, step);
      if (row < 0 || !(held > 0)) continue;
      pairs.push({ step, train: median(rows.value.subarray(Math.max(0, row - nearRows + 1), row + 1)), held });
    }
    const ratios = pairs.map(({ train, held }) => train / held);
    const first = at(rows.value, 0);
    const choices = vocabulary ?? (isOfPairs === true ? answersOfPair : Number.NaN);
    const expected = Math.log(choices);
    const ratio = median(ratios);
    const initialRatio = first / expected;
    const byEval = steps === undefined ? guess(ratios) : Math.abs(ratio / steps - 1) <= band ? steps : null;
    const byStart = steps !== undefined && Math.abs(initialRatio / steps - 1) <= band ? steps : null;
    // One early evaluation alone can meet the band by chance when training only begins. Where labels of training alone are
    // noisy (people who disagree, dropout), a sum is even further above the held-out loss.
    const isBorneOut =
      ratios.length === 0 ||
      (ratios.length >= fewestGuessedEvals && steps !== undefined && Math.min(...ratios) > (1 - band) * steps);
    const times = byEval ?? (isBorneOut ? byStart : null);
    if (times === null) return [];
    const pair = pairs.at(-1);
    const seen =
      byEval !== null && pair !== undefined
        ? `Training loss is ${say(ratio)} times the held-out loss (${say(pair.train)} against ${say(pair.held)} at step ${pair.step})`
        : `The first loss is ${say(first)}, ${say(initialRatio)} times ln(${choices})${pair === undefined ? "" : `, and training loss is ${say(ratio)} times the held-out loss`}`;
    const known =
      steps === undefined
        ? `close to ${times}, a usual number of accumulation steps`
        : `and ${times} micro-batches make one step`;
    const key = settings.change("gradient_accumulation_steps", 1);
    return [
      {
        severity: "warning",
        message: `${seen}, ${known}: the losses of the micro-batches are summed instead of averaged.`,
        onset: { step: at(rows.step, 0) },
        end: null,
        recovered: false,
        evidence: [
          { series: rows.series, step: at(rows.step, 0), value: first, note: "first loss" },
          ...(pair === undefined || evals === null
            ? []
            : [
                {
                  series: rows.series,
                  step: pair.step,
                  value: pair.train,
                  note: "training loss around the evaluation",
                },
                { series: evals.series, step: pair.step, value: pair.held, note: "held-out loss of the same weights" },
              ]),
          {
            series: null,
            step: null,
            value: steps ?? null,
            note: `${key.key}${steps === undefined ? " is not known" : ""}`,
          },
        ],
        causes: rank([
          {
            id: "loss-not-averaged",
            statement:
              "The trainer or the model's own loss function does not divide by the number of micro-batches (or of tokens in all of them).",
            prior: 0.6,
            clues: [
              {
                present: steps !== undefined,
                for: `the ratio is ${key.key} within ${Math.round(100 * Math.abs((byEval !== null ? ratio : initialRatio) / times - 1))} %`,
                against: "the number of micro-batches is not known",
                weight: 2,
              },
              {
                present: Number.isNaN(initialRatio) || steps === undefined ? null : byStart !== null,
                for: `the first loss is that many times ${isOfPairs === true ? "ln(2)" : "ln(vocabulary size)"} as well`,
                against: "the first loss is not scaled",
                weight: 2,
              },
            ],
          },
          {
            id: "different-masking",
            statement:
              "Training and evaluation count different tokens (prompt masked in one of them), and the ratio is chance.",
            prior: 0.15,
            clues: [
              {
                present: ratios.length < 3 ? null : spread(ratios) > band,
                for: "the ratio changes from evaluation to evaluation",
                against: "the ratio is the same at all evaluations",
                weight: 2,
              },
            ],
          },
        ]),
        advice: [
          {
            id: "upgrade",
            summary:
              "Update transformers (and the trainer on top of it), and in an own loss divide by num_items_in_batch.",
            changes: [settings.change("average_loss_over_tokens", true)],
            dialect: settings.dialect,
            expect: `Training loss falls to ${say(at(rows.value, rows.length - 1) / times)} and meets the held-out loss; grad_norm falls by the same factor.`,
            source: "https://github.com/huggingface/transformers/issues/34191",
          },
          {
            id: "without-accumulation",
            summary: `Until then do without accumulation: a batch ${times} times as large if it fits; otherwise divide the learning rate by ${times}, which undoes the scaling for SGD but not for Adam.`,
            changes: [settings.change("gradient_accumulation_steps", 1, steps)],
            dialect: settings.dialect,
            expect: "The ratio of training to held-out loss is about 1.",
            source: "https://github.com/hiyouga/LLaMA-Factory/issues/7443",
          },
        ],
      },
    ];
  },
});

function guess(ratios: readonly number[]): number | null {
  if (ratios.length < fewestGuessedEvals) return null;
  return likelyRatios.find((likely) => ratios.every((ratio) => Math.abs(ratio / likely - 1) <= guessBand)) ?? null;
}

const spread = (values: readonly number[]): number => (Math.max(...values) - Math.min(...values)) / median(values);
