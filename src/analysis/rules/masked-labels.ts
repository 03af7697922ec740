import { at } from "../../base/statistics.ts";
import { toWire } from "../../model/number.ts";
import { rank } from "../causes.ts";
import { optional } from "../fact.ts";
import { defineFold } from "../fold.ts";
import { evalLoss, type TaskMetric, taskMetrics } from "../facts/eval-loss.ts";
import { type LabelCount, labels } from "../facts/label-count.ts";
import { gradNorm } from "../facts/grad-norm.ts";
import { loss } from "../facts/loss.ts";
import { options, precision } from "../facts/options.ts";
import { objective } from "../facts/trainer.ts";
import { say, saySteps } from "../numbers.ts";
import { defineRule, type FindingDraft } from "../rule.ts";

/** Fewer rows could be the one bad batch of a run that starts with it. */
const fewestRows = 2;

/**
 * Detectors: images without an object are usual, and in some data most are. But when half of the batches that the log
 * shows hold no label at all, and nothing is found in held-out images, these labels are missing. Of 18 recorded healthy
 * detectors none shows an empty batch, and the mAP50 of each passes 0.2.
 */
const fewestCounts = 8;
const emptyShare = 0.5;
const foundNothing = 0.05;

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
    counts: optional(labels),
    precision: optional(precision),
    objective: optional(objective),
    options,
  },
  check({ loss: logged, norms, evals, metrics, counts, precision: number, objective: kind, options: settings }) {
    // A reinforcement loss of 0 is normal; a preference loss starts at ln 2 and has no label to mask.
    if (kind !== "supervised" || logged.length < fewestRows) return [];
    const unlabelled = counts === null || metrics === null ? null : unlabelledIn(counts, metrics, settings.dialect);
    if (unlabelled !== null) return [unlabelled];
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

/** Most of the batches that the log shows hold no label, and nothing is found in held-out images. */
function unlabelledIn(counts: LabelCount, metrics: readonly TaskMetric[], dialect: string | null): FindingDraft | null {
  if (counts.rows < fewestCounts || counts.empty < emptyShare * counts.rows) return null;
  const [score] = metrics;
  if (score === undefined || !metrics.every((one) => one.higherIsBetter && one.value.every((v) => v < foundNothing)))
    return null;
  const last = score.length - 1;
  return {
    severity: "error",
    title: "Most examples have no label",
    message: `${counts.empty} of ${saySteps(counts.rows)} show a batch without a single label (${counts.series} 0), and ${score.series} stays near 0, ${say(at(score.value, last))} now: the labels of most examples are not found.`,
    onset: { step: counts.start },
    end: null,
    recovered: false,
    evidence: [
      { series: counts.series, step: counts.firstEmpty, value: 0, note: "first batch without a label" },
      { series: score.series, step: at(score.step, last), value: at(score.value, last), note: "held-out quality" },
    ],
    causes: rank([
      {
        id: "labels-all-masked",
        statement:
          "The files of most labels are not found (their folder, name, extension or its case), and their images are taken for background.",
        prior: 0.6,
        clues: [{ present: true, for: `${counts.empty} of ${counts.rows} batches hold no label`, weight: 1.5 }],
      },
      {
        id: "degenerate-input",
        statement: "Labels are found and thrown out: boxes of no size, outside of the image, or in another format.",
        prior: 0.2,
        clues: [],
      },
    ]),
    advice: [
      {
        id: "count-labels",
        summary:
          "Count images with and without labels as the loader sees them (YOLO prints images and backgrounds while it scans), and draw one batch with its boxes. Then correct the names of the label files, and remove the loader's cache.",
        changes: [],
        dialect,
        expect: "Nearly every batch holds labels, and the held-out quality leaves 0 within a few epochs.",
        source: "https://docs.ultralytics.com/datasets/detect/",
      },
    ],
  };
}
