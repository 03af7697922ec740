import { at, median } from "../../base/statistics.ts";
import type { Evidence } from "../../model/finding.ts";
import { rank } from "../causes.ts";
import { optional } from "../fact.ts";
import { rowBefore } from "../facts/curve.ts";
import { exposure } from "../facts/exposure.ts";
import { generalization } from "../facts/generalization.ts";
import { type HeldQuality, heldQuality } from "../facts/held-quality.ts";
import { fewLosses } from "../facts/enough-loss.ts";
import { options } from "../facts/options.ts";
import { levelOf } from "../facts/stretch.ts";
import { objective } from "../facts/trainer.ts";
import { say } from "../numbers.ts";
import { defineRule } from "../rule.ts";
import { overfitSuspects } from "../suspects/overfit.ts";

/** By heart: the training loss is below this share of its start ... */
const solvedShare = 0.1;
/** ... while more than half of the held-out loss is left, and it is this many times the training loss. */
const heldShare = 0.5;
const gapFactor = 5;
const fewestEvals = 3;
/** Rows that tell where the training loss stands: of a short log not its whole last half. */
const levelRows = 9;
const levelShare = 0.25;
/** Evaluations in which the held-out loss gained less than this share: it stands still. */
const stillShare = 0.03;
/** ... while the training loss went on falling, to this share of what it was in the middle of the evaluations. */
const stillFallingShare = 0.75;

export const memorization = defineRule({
  id: "memorization",
  title: "Training examples are learned by heart",
  why: "The model recalls the examples it has seen, word for word, instead of learning what they have in common.",
  needs: {
    shape: fewLosses,
    exposure,
    held: optional(generalization),
    quality: optional(heldQuality),
    objective,
    options,
  },
  signOf: [
    "masked-labels",
    "hidden-non-finite-loss",
    "non-finite-loss",
    "loss-divergence",
    "overfitting",
    "data-repeated",
  ],
  check({ shape, exposure: { drops, judged }, held, quality, objective: kind, options: settings }) {
    const { rows, initial } = shape;
    const level = median(rows.value.subarray(-Math.min(levelRows, Math.ceil(levelShare * rows.length))));
    if (kind !== "supervised" || !(initial > 0)) return [];
    const evals = held?.evals ?? null;
    const first = evals === null ? Number.NaN : at(evals.value, 0);
    const last = held?.last.value ?? Number.NaN;
    const isByHeart =
      held !== null &&
      held.evals.length >= fewestEvals &&
      held.improved === null &&
      level < solvedShare * initial &&
      last > heldShare * Math.max(first, 0) &&
      last > gapFactor * level &&
      standsStill(held.evals.value);
    const [drop] = drops;
    const isStepwise = drop !== undefined && 2 * drops.length > judged;
    const stood = held === null && quality !== null && isByHeartOf(quality) ? quality : null;
    if (!isByHeart && stood === null && !isStepwise) return [];
    const evidence: Evidence[] = drops.slice(0, 3).map(({ step, before, after }) => ({
      series: rows.series,
      step,
      value: after,
      note: `loss after this pass over the data began; ${say(before)} before`,
    }));
    if (held !== null)
      evidence.push({
        series: held.evals.series,
        step: held.last.step,
        value: held.last.value,
        note: `held-out loss; training loss is ${say(level)}`,
      });
    if (stood !== null) evidence.push(...evidenceOf(stood));
    // The first row from which on the loss is as low: by then the examples were known.
    let known = rows.length - 1;
    while (known > 0 && at(rows.value, known - 1) < 2 * solvedShare * initial) known -= 1;
    const onset =
      stood !== null
        ? stood.knownFrom(2 * solvedShare)
        : isByHeart
          ? at(rows.step, known)
          : (drop?.step ?? at(rows.step, known));
    const heldThen = evals === null ? Number.NaN : at(evals.value, Math.max(0, rowBefore(evals, onset)));
    return [
      {
        severity: isByHeart || stood !== null ? "warning" : "info",
        message:
          stood !== null
            ? messageOf(stood)
            : isByHeart
              ? `Training loss is ${say(level)}, ${say(Math.round((100 * level) / initial))} % of its start, while held-out loss stands at ${say(last)} (${say(heldThen)} at step ${onset}): the model knows the examples and not the task.`
              : `Training loss falls in steps where a pass over the data begins, from ${say(drop?.before ?? Number.NaN)} to ${say(drop?.after ?? Number.NaN)} at step ${onset}${drops.length > 1 ? ` and ${drops.length - 1} more times` : ""}: the model recognises examples it has seen once. That is usual from the second epoch of a fine-tune on, and says that training loss no longer tells how good the model is.`,
        onset: { step: onset },
        end: null,
        recovered: null,
        evidence,
        causes: rank(
          overfitSuspects({
            held,
            level: levelOf(rows.value, rows.length - 10, rows.length),
            options: settings,
            passes: judged > 0 ? judged + 1 : null,
            drops: drops.length,
          }),
        ),
        advice: [
          {
            id: "fewer-epochs",
            summary: "See each example fewer times: fewer epochs, or more and more varied data.",
            changes: [
              settings.change(
                "epochs",
                drops.length > 0 ? 1 : Math.max(1, Math.floor((settings.number("epochs") ?? 2) / 2)),
              ),
            ],
            dialect: settings.dialect,
            expect: "Held-out loss stays near training loss.",
            source: "https://arxiv.org/abs/2305.16264",
          },
          {
            id: "remove-duplicates",
            summary:
              "Remove duplicate and near-duplicate examples: what is seen ten times as often is learned by heart first.",
            changes: [],
            dialect: settings.dialect,
            expect: "Training loss falls more slowly and held-out loss further.",
            source: "https://arxiv.org/abs/2107.06499",
          },
        ],
      },
    ];
  },
});

/** The last half of the evaluations gained nothing worth the name. */
function standsStill(values: Float64Array): boolean {
  const middle = Math.floor(values.length / 2);
  const then = levelOf(values, Math.max(0, middle - 1), middle + 1);
  return levelOf(values, values.length - 2, values.length) > (1 - stillShare) * then;
}

/** The same where no loss is measured on held-out data: what the metrics lack stands in for it. */
const isByHeartOf = ({ left, kept, train }: HeldQuality): boolean =>
  train.now < solvedShare && train.now < stillFallingShare * train.middle && left > heldShare && kept > 1 - stillShare;

const messageOf = ({ metric, value, train: { now, middle, series } }: HeldQuality): string =>
  `Training loss${series.length > 1 ? ` (${series.map(({ name }) => name).join(" + ")})` : ""} is at ${say(Math.round(1000 * now) / 10)} % of its start, ${say(Math.round(1000 * middle) / 10)} % half-way, while ${metric.series} stands at ${say(value)} (${say(at(metric.value, Math.floor(metric.length / 2)))} half-way): the model knows the examples and not the task.`;

const evidenceOf = ({ metric, value, step, train: { series } }: HeldQuality): Evidence[] => [
  { series: metric.series, step, value, note: "held-out quality" },
  ...series.map((part): Evidence => ({
    series: part.id,
    step: at(part.step, part.length - 1),
    value: at(part.value, part.length - 1),
    note: `training loss; ${say(at(part.value, 0))} at first`,
  })),
];
