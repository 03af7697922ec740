import { at } from "../../base/statistics.ts";
import { toWire } from "../../model/number.ts";
import { rank } from "../causes.ts";
import { optional } from "../fact.ts";
import { evalLoss } from "../facts/eval-loss.ts";
import { gradShape } from "../facts/grad-shape.ts";
import { learningRate } from "../facts/learning-rate.ts";
import { logLines } from "../facts/log-lines.ts";
import { loss } from "../facts/loss.ts";
import { lossScale } from "../facts/loss-scale.ts";
import { lossOfNumbers } from "../facts/non-finite.ts";
import { options, precision } from "../facts/options.ts";
import { objective } from "../facts/trainer.ts";
import { say, saySteps } from "../numbers.ts";
import { overflowAdvice, overflowSuspects, readPrelude } from "../prelude.ts";
import { defineRule } from "../rule.ts";

export const hiddenNonFiniteLoss = defineRule({
  id: "hidden-non-finite-loss",
  title: "A NaN loss is logged as 0",
  why: "The curve looks perfect while every step after the first NaN is computed for nothing.",
  needs: {
    loss,
    lost: optional(lossOfNumbers),
    grad: optional(gradShape),
    rate: optional(learningRate),
    scale: optional(lossScale),
    evals: optional(evalLoss),
    lines: optional(logLines),
    precision: optional(precision),
    objective: optional(objective),
    options,
  },
  signOf: ["masked-labels"],
  check(facts) {
    const { loss: logged, lost, grad, evals } = facts;
    if (lost?.kind !== "hidden") return [];
    const prelude = readPrelude(facts, lost);
    const badEval = evals === null ? -1 : evals.value.findIndex((value) => !Number.isFinite(value));
    const zeros = logged.value.subarray(lost.row).reduce((count, value) => count + (value === 0 ? 1 : 0), 0);
    const norm = grad === null ? "" : " while grad_norm is not a number";
    return [
      {
        severity: "error",
        message: `Loss is logged as exactly 0 in ${saySteps(zeros)}${norm}: it has been NaN since step ${lost.step}${lost.row > 0 ? ` (last good value ${say(prelude.lastGood)})` : ""}, and the trainer replaced it in the log.`,
        onset: prelude.onset,
        end: null,
        recovered: false,
        evidence: [
          {
            series: logged.series,
            step: at(logged.step, Math.min(lost.row + 1, logged.length - 1)),
            value: toWire(at(logged.value, Math.min(lost.row + 1, logged.length - 1))),
            note: "exactly 0, which a cross-entropy never is",
          },
          ...prelude.evidence,
          ...(evals === null || badEval < 0
            ? []
            : [
                {
                  series: evals.series,
                  step: at(evals.step, badEval),
                  value: toWire(at(evals.value, badEval)),
                  note: "the evaluation is not filtered and shows it",
                },
              ]),
        ],
        causes: rank(overflowSuspects(prelude)),
        advice: [
          {
            id: "show-non-finite",
            summary: "Log what is there: a NaN loss must be seen in the step in which it comes.",
            changes: [facts.options.change("nan_filter", false)],
            dialect: facts.options.dialect,
            expect:
              "The loss is logged as NaN from the first bad step on. This shows the fault; the changes below remove it.",
            source: "https://github.com/huggingface/trl/issues/6702",
          },
          ...overflowAdvice(prelude, facts.options),
        ],
      },
    ];
  },
});
