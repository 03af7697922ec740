import { at } from "../../base/statistics.ts";
import { rank } from "../causes.ts";
import { optional } from "../fact.ts";
import { divergence } from "../facts/divergence.ts";
import { gradShape } from "../facts/grad-shape.ts";
import { learningRate } from "../facts/learning-rate.ts";
import { lossToDiverge } from "../facts/enough-loss.ts";
import { options } from "../facts/options.ts";
import { setup as setupFact } from "../facts/setup.ts";
import { firstRatio } from "../facts/first-ratio.ts";
import { gradientSum } from "../facts/gradient-sum.ts";
import {
  clearGradients,
  clipGradients,
  lowerRate,
  skipBatches,
  surroundingEvidence,
  surroundingsOf,
} from "../instability.ts";
import { say, saySteps } from "../numbers.ts";
import { defineRule } from "../rule.ts";
import { instabilitySuspects } from "../suspects/instability.ts";

export const lossDivergence = defineRule({
  id: "loss-divergence",
  title: "Loss diverges",
  why: "What the model had learned is being undone, and further steps do not bring it back.",
  needs: {
    shape: lossToDiverge,
    diverged: optional(divergence),
    grad: optional(gradShape),
    rate: optional(learningRate),
    sum: optional(gradientSum),
    ratio: optional(firstRatio),
    setup: setupFact,
    options,
  },
  signOf: ["masked-labels", "hidden-non-finite-loss", "non-finite-loss", "preference-degeneration"],
  check({ shape, diverged, grad, rate, sum, ratio, setup, options: settings }) {
    if (diverged === null) return [];
    const { rows, level } = shape;
    const around = surroundingsOf(diverged.step, { grad, rate, options: settings });
    const isBack = diverged.endStep !== null;
    const now = `it is around ${say(level)} now`;
    const message =
      diverged.kind === "drift"
        ? `Loss has been rising since step ${diverged.step}, from ${say(diverged.from)} to ${say(level)}, and no longer falls.`
        : diverged.kind === "launch"
          ? `Loss rose from ${say(diverged.from)} to ${say(diverged.peak.value)} within the first ${saySteps(rows.step.indexOf(diverged.peak.step) + 1)} instead of falling; ${isBack ? `it was below its start again at step ${diverged.endStep} and ${now}` : now}.`
          : `Loss rose at step ${diverged.step} from ${say(diverged.from)} to ${say(diverged.peak.value)} and did not come back in ${saySteps(rows.length - diverged.row)}; ${now}.`;
    return [
      {
        severity: "error",
        message,
        // A sum of gradients is wrong from its first rows on, long before the loss shows it.
        onset: {
          step: sum?.isSum === true ? Math.min(Math.max(sum.step, at(rows.step, 0)), diverged.step) : diverged.step,
        },
        end: diverged.endStep === null ? null : { step: diverged.endStep },
        recovered: isBack,
        evidence: [
          {
            series: rows.series,
            step: at(rows.step, Math.max(0, diverged.row - 1)),
            value: at(rows.value, Math.max(0, diverged.row - 1)),
            note: "last row before it",
          },
          {
            series: rows.series,
            step: diverged.step,
            value: at(rows.value, diverged.row),
            note: "first row of the rise",
          },
          { series: rows.series, step: diverged.peak.step, value: diverged.peak.value, note: "largest loss" },
          ...surroundingEvidence(around),
        ],
        causes: rank(
          instabilitySuspects(
            around,
            {
              isEarly: diverged.kind === "launch" || diverged.row < 20,
              recovered: false,
              repeats: 1,
              initialRatio: ratio ?? Number.NaN,
              sum,
            },
            setup,
          ),
        ),
        advice: [
          ...clearGradients(sum, settings.dialect),
          ...lowerRate(around, 10),
          ...clipGradients(around, diverged.kind === "launch"),
          ...(diverged.kind === "launch" ? [] : [skipBatches(around)]),
        ],
      },
    ];
  },
});
