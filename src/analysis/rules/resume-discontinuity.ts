import { at, median, noiseOf, slope } from "../../base/statistics.ts";
import { rank } from "../causes.ts";
import { optional } from "../fact.ts";
import type { Curve } from "../facts/curve.ts";
import { gradNorm } from "../facts/grad-norm.ts";
import { learningRate, type LearningRate } from "../facts/learning-rate.ts";
import { logLines } from "../facts/log-lines.ts";
import { options } from "../facts/options.ts";
import { type Resume, resumes } from "../facts/resumes.ts";
import { supervisedLoss } from "../facts/supervised-loss.ts";
import { say } from "../numbers.ts";
import { defineRule } from "../rule.ts";

/** Rows compared on each side of the seam. */
const nearRows = 5;
/** A jump: this many standard errors of the difference of two such medians, and this share of the level. */
const jumpSigmas = 5;
const jumpShare = 0.05;
/** The rate after the seam is another schedule when it differs by this factor from the one before. */
const rateFactor = 1.5;

/** A rate that changed at each of these rows before the seam, and at none after it, has lost its schedule for good. */
const stillRows = 5;

/** Steps that go back all the time are no resumes; the newest ones stand for all, so that no log makes this rule slow. */
const mostSeams = 100;

export const resumeDiscontinuity = defineRule({
  id: "resume-discontinuity",
  title: "Training did not go on where it stopped",
  why: "Something of the state (optimizer, schedule, data order) was not restored, so steps are lost or repeated.",
  needs: {
    rows: supervisedLoss,
    resumes,
    rate: optional(learningRate),
    norms: optional(gradNorm),
    options,
    log: optional(logLines),
  },
  signOf: ["masked-labels", "hidden-non-finite-loss"],
  check({ rows, resumes: seams, rate, norms, options: settings, log }) {
    const empty = log?.nothingLoaded ?? null;
    return seams.slice(-mostSeams).flatMap((seam) => {
      const jump = jumpAt(rows, seam);
      const rates = rate === null ? null : ratesAt(rate, seam);
      const isRateReset =
        rates !== null && (rates.after * rateFactor < rates.before || rates.after > rates.before * rateFactor);
      if (jump === null && !isRateReset) return [];
      // A schedule that begins anew climbs first; a new optimizer has its base rate at once, and keeps it without one.
      const isBaseRate =
        !isRateReset || rate === null || rates === null
          ? null
          : rates.isStill || (rate.warmedUpAt === null ? null : rates.after > 0.9 * rate.peak);
      const isDrop = jump !== null && jump.after < jump.before;
      const normBefore = norms === null ? Number.NaN : around(norms, seam.step, false);
      const normAfter = norms === null ? Number.NaN : around(norms, seam.step, true);
      const isNormUp = Number.isNaN(normBefore) || Number.isNaN(normAfter) ? null : normAfter > 2 * normBefore;
      const parts = [
        ...(jump === null ? [] : [`loss went from ${say(jump.before)} to ${say(jump.after)}`]),
        ...(isRateReset && rates !== null
          ? [`the learning rate from ${say(rates.before)} to ${say(rates.after)}`]
          : []),
      ];
      return [
        {
          severity: "warning" as const,
          message: `Training went on at step ${seam.step} (${seam.from}), and ${parts.join(" and ")}.`,
          onset: { step: seam.step },
          end: jump?.endStep === undefined ? null : { step: jump.endStep },
          recovered: jump === null ? null : jump.endStep !== undefined,
          evidence: [
            {
              series: rows.series,
              step: at(rows.step, seam.row - 1),
              value: at(rows.value, seam.row - 1),
              note: "last row before the resume",
            },
            { series: rows.series, step: seam.step, value: at(rows.value, seam.row), note: "first row after it" },
            ...(rates === null || rate === null
              ? []
              : [
                  {
                    series: rate.series,
                    step: rates.step,
                    value: rates.after,
                    note: `learning rate; ${say(rates.before)} before`,
                  },
                ]),
            ...(isNormUp === null || norms === null
              ? []
              : [
                  {
                    series: norms.series,
                    step: seam.step,
                    value: normAfter,
                    note: `gradient norm; ${say(normBefore)} before`,
                  },
                ]),
          ],
          causes: rank([
            ...(empty === null || isDrop
              ? []
              : [
                  {
                    id: "different-seed-or-init",
                    statement: "None of the checkpoint's weights was loaded, so training went on with new ones.",
                    prior: 0.3,
                    clues: [{ present: true, for: `the log says "${empty.message.slice(0, 80)}"`, weight: 20 }],
                  },
                ]),
            {
              id: "schedule-not-restored",
              statement: "The learning-rate schedule was not restored and began anew.",
              prior: 0.25,
              clues: [
                {
                  present: rates === null ? null : isRateReset,
                  for: `the learning rate changed from ${say(rates?.before ?? Number.NaN)} to ${say(rates?.after ?? Number.NaN)}`,
                  against: "the learning rate goes on where it was",
                  weight: 6,
                },
                {
                  present: isBaseRate === true ? false : null,
                  against: "a schedule from its start would have been warmed up again",
                  weight: 2.5,
                },
              ],
            },
            {
              id: "optimizer-state-lost",
              statement:
                "The optimizer's moments were not restored; the first updates are of full size in every direction.",
              prior: 0.35,
              clues: [
                {
                  present: jump === null ? null : !isDrop,
                  for: "the loss is higher than before",
                  against: "the loss is lower than before",
                  weight: 2,
                },
                {
                  present: isBaseRate === true ? true : null,
                  for: `the learning rate is at once the ${say(rates?.after ?? Number.NaN)} of a new optimizer`,
                  weight: 2.5,
                },
                { present: isNormUp, for: "the gradient norm is higher as well", weight: 1.3 },
                {
                  present: rates === null ? null : isRateReset,
                  for: "the schedule was lost as well, and both are saved together",
                  weight: 1.5,
                },
              ],
            },
            {
              id: "data-seen-again",
              statement: "The data order was not restored, so examples are seen again that the model has just learned.",
              prior: 0.2,
              clues: [
                {
                  present: jump === null ? null : isDrop,
                  for: "the loss is lower than before, without any step in between",
                  against: "the loss is not lower than before",
                  weight: 4,
                },
              ],
            },
          ]),
          advice: [
            {
              id: "resume-whole-state",
              summary:
                "Resume from the checkpoint folder with optimizer, scheduler and random state in it, not from the weights alone.",
              changes: [
                settings.change(
                  "resume",
                  `checkpoint-${at(rows.step, seam.row - 1) >= seam.step ? `N, with N below ${seam.step}` : at(rows.step, seam.row - 1)}`,
                ),
              ],
              dialect: settings.dialect,
              expect: "Loss, gradient norm and learning rate go on where they were.",
              source: "https://github.com/Lightning-AI/pytorch-lightning/issues/18780",
            },
            {
              id: "skip-seen-data",
              summary: "Let the data loader skip what was seen before the stop.",
              changes: [settings.change("skip_seen_data", true)],
              dialect: settings.dialect,
              expect: "No drop of the loss at the resume and no step up at the end of the epoch.",
              source:
                "https://github.com/stas00/ml-engineering/blob/master/training/instabilities/training-loss-patterns.md",
            },
          ],
        },
      ];
    });
  },
});

/** The level before and after the seam, at the same steps when the steps went back, else of neighbouring rows. */
function jumpAt(rows: Curve, seam: Resume): { before: number; after: number; endStep: number | undefined } | null {
  const { row } = seam;
  const after = rows.value.subarray(row, row + nearRows);
  let end = row;
  let start = Math.max(0, row - nearRows);
  // Rows of the first pass over the same steps are the fairest comparison.
  let overlap = row - 1;
  while (overlap > 0 && at(rows.step, overlap - 1) >= seam.step && at(rows.step, overlap - 1) < at(rows.step, overlap))
    overlap -= 1;
  if (at(rows.step, overlap) >= seam.step && row - overlap >= 2) {
    start = overlap;
    end = Math.min(row, overlap + nearRows);
  }
  const before = rows.value.subarray(start, end);
  if (before.length < 2 || after.length < 2) return null;
  const history = rows.value.subarray(Math.max(0, row - 64), row);
  const noise = noiseOf(history);
  const from = median(before);
  const to = median(after);
  const error = 1.2533 * noise * Math.sqrt(1 / before.length + 1 / after.length);
  if (Math.abs(to - from) < Math.max(jumpSigmas * error, jumpShare * Math.abs(from))) return null;
  // A loss that only goes on falling, as it did before, is no jump.
  const trend =
    history.length > 2 * nearRows
      ? median(history.subarray(history.length - 2 * nearRows, history.length - nearRows)) - from
      : nearRows * slope(before);
  if (to < from && from - to < 3 * Math.abs(trend)) return null;
  let endStep: number | undefined;
  for (let i = row; i + 2 < rows.length && endStep === undefined; i++)
    if (to > from && median(rows.value.subarray(i, i + 3)) <= from + 2 * noise) endStep = at(rows.step, i);
  return { before: from, after: to, endStep };
}

/** The rate just before the seam, at the same step where it was logged, and after it. */
function ratesAt(
  rate: LearningRate,
  seam: Resume,
): { before: number; after: number; step: number; isStill: boolean } | null {
  let row = -1;
  // From the end: the resumes that are judged are the latest. Going back to the seam counts before passing it.
  for (let i = rate.length - 1; i > 0 && row < 0; i--)
    if (at(rate.step, i) <= at(rate.step, i - 1) && at(rate.step, i) === seam.step) row = i;
  for (let i = rate.length - 1; i > 0 && row < 0; i--)
    if (at(rate.step, i) >= seam.step && at(rate.step, i - 1) < seam.step) row = i;
  if (row < 1) return null;
  let before = at(rate.value, row - 1);
  let last = row - 1;
  for (; last >= 0 && at(rate.step, last) >= seam.step; last--) before = at(rate.value, last);
  // What the first pass logged at these steps may have gone wrong already: the row before them is what was saved.
  const saved = at(rate.value, last);
  const isAfterWarmUp = rate.warmedUpAt === null || rate.warmedUpAt < at(rate.step, last);
  if (isAfterWarmUp && at(rate.value, row) > rateFactor * saved) before = saved;
  const after = at(rate.value, row);
  const next = rate.value.subarray(row, row + stillRows);
  const previous = rate.value.subarray(Math.max(0, last - stillRows), last);
  const isStill =
    next.length === stillRows &&
    next.every((one) => one === after) &&
    previous.length === stillRows &&
    previous.every((one, i) => i === 0 || one !== previous[i - 1]);
  return { before, after, step: at(rate.step, row), isStill };
}

/** Median of the rows next to the latest place with this step. */
function around(curve: Curve, step: number, isAfter: boolean): number {
  let row = -1;
  for (let i = curve.length - 1; i >= 0 && row < 0; i--) if (at(curve.step, i) === step) row = i;
  if (row < 0) return Number.NaN;
  return median(
    isAfter ? curve.value.subarray(row, row + nearRows) : curve.value.subarray(Math.max(0, row - nearRows), row),
  );
}
