import { at } from "../../base/statistics.ts";
import { toWire } from "../../model/number.ts";
import { rank } from "../causes.ts";
import { optional } from "../fact.ts";
import { defineFold } from "../fold.ts";
import { evalLoss, taskMetrics } from "../facts/eval-loss.ts";
import { gradNorm } from "../facts/grad-norm.ts";
import { loss } from "../facts/loss.ts";
import { options, precision } from "../facts/options.ts";
import { objective } from "../facts/trainer.ts";
import { say, saySteps } from "../numbers.ts";
import { defineRule } from "../rule.ts";

/** Fewer rows could be the one bad batch of a run that starts with it. */
const fewestRows = 2;

const emptiness = defineFold({
  start: () => ({ isAllZero: true, isAllLost: true }),
  advance(state, { value, length }, from) {
    for (let i = from; i < length && state.isAllLost; i++) {
      if (at(value, i) === 0) continue;
      state.isAllZero = false;
      if (Number.isFinite(at(value, i))) state.isAllLost = false;
    }
  },
});

export const maskedLabels = defineRule({
  id: "masked-labels",
  title: "Every label is masked",
  why: "Without a single label there is nothing to learn; the run costs time and changes nothing.",
  needs: {
    loss,
    norms: optional(gradNorm),
    evals: optional(evalLoss),
    metrics: optional(taskMetrics),
    precision: optional(precision),
    objective: optional(objective),
    options,
  },
  check({ loss: logged, norms, evals, metrics, precision: number, objective: kind, options: settings }) {
    // A reinforcement loss of 0 is normal; a preference loss starts at ln 2 and has no label to mask.
    if (kind !== "supervised" || logged.length < fewestRows) return [];
    const { isAllZero, isAllLost } = emptiness(logged);
    if (!isAllLost) return [];
    // A first evaluation with a number means that there were labels.
    if (evals !== null && evals.value.some((value) => Number.isFinite(value) && value !== 0)) return [];
    const norm = norms === null || norms.length === 0 ? null : at(norms.value, 0);
    const isZeroNorm = norms !== null && norms.value.every((value) => value === 0);
    const isBadEval = evals === null ? null : evals.length > 0;
    // NaN from the first row with nothing beside it has likelier causes; non-finite-loss says them.
    if (!isAllZero && isBadEval !== true) return [];
    const first = at(logged.value, 0);
    const score = metrics?.find((metric) => metric.value.every((value) => value === 0));
    return [
      {
        severity: "error",
        message: `Loss is ${say(first)} in all ${saySteps(logged.length)}${norm === null ? "" : `, with grad_norm ${say(norm)}`}${isBadEval === true && evals !== null ? ` and ${evals.series} ${say(at(evals.value, 0))}` : ""}: no token carries a label.`,
        onset: { step: at(logged.step, 0) },
        end: null,
        recovered: false,
        evidence: [
          { series: logged.series, step: at(logged.step, 0), value: toWire(first), note: "first loss" },
          ...(norms === null || norm === null
            ? []
            : [{ series: norms.series, step: at(norms.step, 0), value: toWire(norm), note: "gradient norm" }]),
          ...(evals === null || evals.length === 0
            ? []
            : [
                {
                  series: evals.series,
                  step: at(evals.step, 0),
                  value: toWire(at(evals.value, 0)),
                  note: "the evaluation has no label either",
                },
              ]),
        ],
        causes: rank([
          {
            id: "labels-all-masked",
            statement:
              "The collator masks the prompt and does not find where the answer begins, so it masks all of it (labels of -100).",
            prior: 0.6,
            clues: [
              { present: isZeroNorm ? true : null, for: "the gradient is exactly 0", weight: 2 },
              {
                present: isBadEval,
                for: "the held-out loss is not a number either, before any harm was done to the weights",
                weight: 2,
              },
              { present: score === undefined ? null : true, for: `${score?.series ?? ""} is 0`, weight: 1.2 },
            ],
          },
          {
            id: "truncated-answers",
            statement: "Examples are cut before the answer begins, so only masked prompt tokens remain.",
            prior: 0.2,
            clues: [],
          },
          {
            id: "forward-overflow",
            statement: "The very first forward pass overflows in fp16.",
            prior: 0.1,
            clues: [
              {
                present: number === null ? null : number === "fp16",
                for: "training runs in fp16",
                against: `training runs in ${number ?? "another precision"}`,
                weight: 5,
              },
              {
                present: isZeroNorm ? false : null,
                against: "an overflow would not leave a gradient of exactly 0",
                weight: 5,
              },
            ],
          },
        ]),
        advice: [
          {
            id: "check-template",
            summary:
              "Print one batch with its label mask decoded. Then correct the response template (or turn prompt masking off to see the loss come back).",
            changes: settings.has("train_on_prompt") ? [settings.change("train_on_prompt", true)] : [],
            dialect: settings.dialect,
            expect: "The first loss is a plain positive number, at most about ln(vocabulary size).",
            source: "https://github.com/unslothai/unsloth/issues/1290",
          },
          {
            id: "longer-sequences",
            summary: "Allow longer sequences if the answers are cut off.",
            changes: settings.has("max_length") ? [settings.change("max_length", 2048)] : [],
            dialect: settings.dialect,
            expect: "The share of labels that are not -100 rises above 0.",
            source: "https://github.com/unslothai/unsloth/issues/2095",
          },
        ],
      },
    ];
  },
});
