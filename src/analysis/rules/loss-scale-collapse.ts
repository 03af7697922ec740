import type { Evidence } from "../../model/finding.ts";
import { toWire } from "../../model/number.ts";
import { rank } from "../causes.ts";
import { optional } from "../fact.ts";
import { gradShape } from "../facts/grad-shape.ts";
import { learningRate } from "../facts/learning-rate.ts";
import { lossScaleFall } from "../facts/loss-scale-fall.ts";
import { lossShape } from "../facts/loss-shape.ts";
import { options } from "../facts/options.ts";
import { lowerRate, surroundingsOf } from "../instability.ts";
import { say, saySteps } from "../numbers.ts";
import { defineRule } from "../rule.ts";

/** A surge of the gradient or a rise of the loss this many logged rows before the fall belongs to it. */
const leadRows = 20;

export const lossScaleCollapse = defineRule({
  id: "loss-scale-collapse",
  title: "The loss scale collapses",
  why: "Each overflow skips its update: the run goes on without learning, and the gradients that are left round to 0 in fp16.",
  needs: {
    scaling: lossScaleFall,
    grad: optional(gradShape),
    rate: optional(learningRate),
    shape: optional(lossShape),
    options,
  },
  signOf: ["masked-labels", "non-finite-layer", "hidden-non-finite-loss", "non-finite-loss"],
  leadsTo: ["loss-divergence", "no-learning", "loss-plateau"],
  check({ scaling: { series, fall, exhausted, frozenRows, frozenNorm }, grad, rate, shape, options: settings }) {
    if (fall === null && exhausted === null) return [];
    const onset = fall?.step ?? exhausted?.step ?? null;
    const around = surroundingsOf(onset ?? Number.NaN, { grad, rate, options: settings });
    const isFrozen = frozenRows > 0;
    const rise =
      shape === null || onset === null
        ? null
        : shape.excursions.some(({ step, endStep }) => step <= onset && (endStep === null || endStep >= onset)) ||
          (shape.launch !== null && shape.launch.step <= onset);
    const fell =
      fall === null
        ? ""
        : `The loss scale fell from ${sayScale(fall.from)} to ${sayScale(fall.to)} since step ${fall.step}, ${Number.isFinite(fall.halvings) ? `${fall.halvings} halvings` : "to nothing"} without a rise in between`;
    const evidence: Evidence[] = [];
    if (fall !== null)
      evidence.push({
        series,
        step: fall.step,
        value: fall.from,
        note: `loss scale before; ${sayScale(fall.to)} at the end`,
      });
    if (exhausted !== null) evidence.push({ series: null, step: exhausted.step, value: null, note: exhausted.message });
    if (isFrozen && grad !== null)
      evidence.push({
        series: grad.rows.series,
        step: grad.rows.step.at(-1) ?? null,
        value: toWire(frozenNorm),
        note: `the same in the last ${saySteps(frozenRows)}: no update came between them`,
      });
    return [
      {
        severity: exhausted !== null || isFrozen || (fall !== null && fall.to <= 1) ? "error" : "warning",
        message: `${fell === "" ? "The trainer gave up: the loss scale can fall no further" : fell}${isFrozen ? `; grad_norm has been ${say(frozenNorm)} in the last ${saySteps(frozenRows)}, so updates are skipped` : ""}.`,
        onset: { step: onset },
        end: null,
        recovered: false,
        evidence,
        causes: rank([
          {
            id: "fp16-overflow",
            statement: "Activations or gradients exceed what fp16 can hold (65504), whatever the scale.",
            prior: 0.4,
            clues: [
              {
                present: fall === null ? null : !fall.atStart,
                for: "the scale had found its place before",
                against: "the scale fell from the first rows on",
                weight: 1.5,
              },
              { present: isFrozen ? true : null, for: "no scale makes the gradient finite", weight: 1.3 },
            ],
          },
          {
            id: "learning-rate-too-high",
            statement: "The learning rate is too high: weights and activations grew until they overflowed.",
            prior: 0.25,
            clues: [
              {
                present: grad === null ? null : around.surge !== null && around.lead <= leadRows,
                for: "grad_norm left its band at about the same time",
                against: "grad_norm was in its band when it began",
                weight: 2.5,
              },
              { present: rise, for: "the loss rose as well", against: "the loss did not rise before", weight: 2.5 },
              {
                present: around.isWarmingUp === true ? true : null,
                for: "the learning rate was still climbing",
                weight: 1.5,
              },
            ],
          },
          {
            id: "wrong-loss-scale",
            statement: "The scale is set wrongly: a fixed or far too large one, or too few steps before it is raised.",
            prior: 0.15,
            clues: [
              {
                present: fall === null ? null : fall.atStart,
                for: "it never found a place to stay",
                against: "it had found a place to stay",
                weight: 2.5,
              },
            ],
          },
        ]),
        advice: [
          {
            id: "use-bf16",
            summary: "Train in bf16, which has the range of fp32 and needs no loss scale.",
            changes: [settings.change("precision", "bf16")],
            dialect: settings.dialect,
            expect: "No overflow lines, and grad_norm changes from row to row again.",
            source: "https://github.com/bigscience-workshop/bigscience/blob/master/train/lessons-learned.md",
          },
          ...lowerRate(around, 3),
          {
            id: "rewind",
            summary: `Go back to a checkpoint before ${onset === null ? "the fall" : `step ${onset}`}: steps since then were skipped or made with gradients that rounded to 0.`,
            changes: [
              settings.change(
                "resume",
                onset === null ? "the last good checkpoint" : `the last checkpoint before step ${onset}`,
              ),
            ],
            dialect: settings.dialect,
            expect: "With one of the changes above the same steps pass at a stable scale.",
            source: "https://github.com/facebookresearch/metaseq/tree/main/projects/OPT/chronicles",
          },
        ],
      },
    ];
  },
});

/** Scales are powers of two, which four digits would garble. */
const sayScale = (scale: number): string => (Number.isInteger(scale) ? String(scale) : say(scale));
