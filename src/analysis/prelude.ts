import { at } from "../base/statistics.ts";
import type { Advice, Evidence, Finding } from "../model/finding.ts";
import { toWire } from "../model/number.ts";
import type { Suspect } from "./causes.ts";
import type { Curve } from "./facts/curve.ts";
import type { GradShape, Surge } from "./facts/grad-shape.ts";
import type { LearningRate } from "./facts/learning-rate.ts";
import type { LogLines } from "./facts/log-lines.ts";
import type { LossOfNumbers } from "./facts/non-finite.ts";
import type { Options, Precision } from "./facts/options.ts";
import type { Objective } from "./facts/trainer.ts";
import { round, say, saySteps } from "./numbers.ts";

/** What the other series did before the numbers were lost; shared by the two rules on lost numbers. */
export interface Prelude {
  readonly lost: LossOfNumbers;
  readonly onset: Finding["onset"];
  readonly lastGood: number;
  /** The first loss that is not finite. */
  readonly firstBad: number;
  /** Configured clipping limit, 0 when it is off; null when not known. */
  readonly clip: number | null;
  readonly firstGood: number;
  /** The surge of grad_norm that led into it. */
  readonly surge: Surge | null;
  /** grad_norm at the onset, when it is not finite. */
  readonly badNorm: { readonly step: number; readonly value: number } | null;
  readonly usualNorm: number | null;
  /** Rows of the loss from `step` to the onset. */
  rowsSince(step: number): number;
  readonly rate: LearningRate | null;
  readonly rateAtOnset: number;
  /** The rate was still climbing. */
  readonly isWarmingUp: boolean | null;
  readonly rateJump: boolean | null;
  /** Halvings of the loss scale within the rows before. */
  readonly halvings: number | null;
  readonly scaleAtOnset: number;
  readonly overflows: number;
  readonly scaleExhausted: boolean;
  readonly precision: Precision | null;
  readonly objective: Objective | null;
  readonly lossRose: boolean;
  readonly evidence: readonly Evidence[];
}

export interface PreludeFacts {
  readonly loss: Curve;
  readonly grad: GradShape | null;
  readonly rate: LearningRate | null;
  readonly scale: Curve | null;
  readonly lines: LogLines | null;
  readonly precision: Precision | null;
  readonly objective: Objective | null;
  readonly options?: Options;
}

/** A surge that ended longer ago than this many loss rows is another story. */
const leadRows = 20;
/** The scale halves at each overflow; three in a row within `leadRows` are a fall, one is everyday fp16. */
const fallHalvings = 3;

export function readPrelude(facts: PreludeFacts, lost: LossOfNumbers): Prelude {
  const { loss, grad, rate, scale, lines } = facts;
  const time = at(loss.time, lost.row);
  const rowsSince = (step: number): number => {
    let count = 0;
    for (let i = lost.row - 1; i >= 0 && at(loss.step, i) >= step; i--) count += 1;
    return count;
  };
  const surge = grad?.surges.find((s) => (s.endStep === null || s.endStep >= lost.step) && s.step <= lost.step) ?? null;
  const near = surge !== null && rowsSince(surge.step) <= leadRows ? surge : null;
  const badNorm = grad === null ? null : firstBadNorm(grad.rows, lost.step);
  const before = lost.row > 0 ? at(loss.value, lost.row - 1) : Number.NaN;
  const fromStep = at(loss.step, Math.max(0, lost.row - leadRows));
  const halvings = scale === null ? null : countHalvings(scale, fromStep, lost.step);
  const rateAtOnset = rate?.atStep(lost.step) ?? Number.NaN;
  const evidence: Evidence[] = [];
  if (lost.row > 0)
    evidence.push({
      series: loss.series,
      step: at(loss.step, lost.row - 1),
      value: toWire(before),
      note: "last good loss",
    });
  if (badNorm !== null && grad !== null)
    evidence.push({
      series: grad.rows.series,
      step: badNorm.step,
      value: toWire(badNorm.value),
      note: "gradient norm",
    });
  if (near !== null && grad !== null)
    evidence.push({
      series: grad.rows.series,
      step: near.step,
      value: toWire(at(grad.rows.value, near.row)),
      note: `gradient norm leaves its band, usually ${say(near.usual)}, largest ${say(near.peak.value)}`,
    });
  if (rate !== null && !Number.isNaN(rateAtOnset))
    evidence.push({
      series: rate.series,
      step: rate.loggedAt(lost.step),
      value: rateAtOnset,
      note: "learning rate at the onset",
    });
  return {
    lost,
    onset: Number.isNaN(time) ? { step: lost.step } : { step: lost.step, time },
    lastGood: before,
    firstBad: at(loss.value, lost.row),
    clip: facts.options?.number("max_grad_norm") ?? null,
    firstGood: at(loss.value, 0),
    surge: near,
    badNorm,
    usualNorm: grad?.usual ?? null,
    rowsSince,
    rate,
    rateAtOnset,
    isWarmingUp: rate === null ? null : rate.warmedUpAt !== null && lost.step <= rate.warmedUpAt,
    rateJump: rate === null ? null : jumped(rate, lost.step),
    halvings,
    scaleAtOnset: scale === null ? Number.NaN : at(scale.value, scale.length - 1),
    overflows: lines?.overflows.length ?? 0,
    scaleExhausted: lines !== null && lines.scaleExhausted !== null,
    precision: facts.precision,
    objective: facts.objective,
    lossRose: lost.row >= 3 && before > 1.5 * Math.abs(at(loss.value, lost.row - 3)),
    evidence,
  };
}

function firstBadNorm(norms: Curve, step: number): Prelude["badNorm"] {
  for (let i = norms.length - 1; i >= 0; i--)
    if (at(norms.step, i) === step)
      return Number.isFinite(at(norms.value, i)) ? null : { step, value: at(norms.value, i) };
  return null;
}

function countHalvings(scale: Curve, from: number, to: number): number {
  let count = 0;
  for (let i = 1; i < scale.length; i++) {
    const step = at(scale.step, i);
    if (step < from || step > to || !(at(scale.value, i) < at(scale.value, i - 1))) continue;
    count += Math.max(1, Math.round(Math.log2(at(scale.value, i - 1) / at(scale.value, i))));
  }
  return count;
}

/** Whether the rate at least doubled between neighbouring rows shortly before `step`, other than by warm-up. */
function jumped(rate: LearningRate, step: number): boolean {
  for (let i = rate.length - 1, seen = 0; i > 1 && seen < 5; i--) {
    if (at(rate.step, i) > step) continue;
    seen += 1;
    if (at(rate.value, i) > 2 * at(rate.value, i - 1) && at(rate.value, i - 1) > 0.01 * rate.peak) return true;
  }
  return false;
}

/** Why a loss stops being a number, and what speaks for each. */
export function overflowSuspects(prelude: Prelude): Suspect[] {
  const { surge, halvings, rate, isWarmingUp, rateJump, precision, lost } = prelude;
  const led = surge !== null && prelude.rowsSince(surge.step) > 0;
  const hasNorms = prelude.usualNorm !== null;
  const isEarly = lost.row < 20;
  const isInfinite = Math.abs(prelude.firstBad) === Number.POSITIVE_INFINITY;
  const fell = halvings === null ? (prelude.scaleExhausted ? true : null) : halvings >= fallHalvings;
  return [
    {
      id: "learning-rate-too-high",
      statement: "The learning rate is too high: updates grew until the numbers overflowed.",
      prior: 0.3,
      clues: [
        {
          present: hasNorms ? led : null,
          for: `grad_norm left its band ${led && surge !== null ? `${saySteps(prelude.rowsSince(surge.step))} earlier, at step ${surge.step}` : "before"}`,
          against: "grad_norm did not grow before",
          weight: 3,
        },
        {
          present: lost.row >= 3 ? prelude.lossRose : null,
          for: "the loss rose in the rows before",
          against: "the loss did not rise in the rows before",
          weight: 2,
        },
        { present: rateJump, for: "the learning rate jumped shortly before", weight: 3 },
        {
          present: isWarmingUp === true ? true : null,
          for: `the learning rate was still climbing (${say(prelude.rateAtOnset)})`,
          weight: 2,
        },
        {
          present: rate === null ? null : rate.warmedUpAt === null && lost.row < 20,
          for: "it happened early and the schedule has no warm-up",
          weight: 1.5,
        },
      ],
    },
    {
      id: "fp16-overflow",
      statement: "Activations or gradients overflowed in fp16 (largest value 65504).",
      prior: 0.15,
      clues: [
        {
          present: fell,
          for: `the loss scale was halved ${halvings ?? "again and again"} times${Number.isNaN(prelude.scaleAtOnset) ? "" : `, down to ${say(prelude.scaleAtOnset)}`}`,
          against: "the loss scale did not fall",
          weight: 5,
        },
        {
          present: precision === null ? null : precision === "fp16",
          for: "training runs in fp16",
          against: `training runs in ${precision ?? "another precision"}`,
          weight: 4,
        },
        {
          present: prelude.overflows > 0 ? true : null,
          for: `the log has ${prelude.overflows} overflow lines`,
          weight: 2,
        },
      ],
    },
    {
      id: "bad-batch",
      statement:
        "A batch holds an empty or broken example (nothing to attend to, no label, a value that is not finite).",
      prior: 0.25,
      clues: [
        { present: isInfinite ? false : null, against: "the first bad loss is infinite and not NaN", weight: 2 },
        {
          present: hasNorms ? !led : null,
          for: "it came from one row to the next, with the gradient norm in its band until then",
          against: "the gradient norm grew before it",
          weight: 2.5,
        },
        {
          present: fell,
          against: "the loss scale did not fall",
          weight: 1,
        },
        {
          present: isWarmingUp === null ? null : !isWarmingUp && lost.row >= 10,
          for: `${saySteps(lost.row)} were fine before`,
          weight: 1.5,
        },
      ],
    },
    {
      id: "nan-in-code",
      statement:
        "An operation of the model or the loss has no value or no derivative there: 0/0, the log or root of 0, a softmax over nothing but masked places.",
      prior: 0.3,
      clues: [
        {
          present: hasNorms ? !led : null,
          for: "the gradient norm was in its band until then",
          against: "the gradient norm grew before it",
          weight: 2.5,
        },
        {
          present: isWarmingUp === null ? null : !isWarmingUp && lost.row >= 10,
          for: `${saySteps(lost.row)} were fine before`,
          weight: 1.5,
        },
        {
          present: isInfinite ? true : null,
          for: "the first bad loss is infinite: a log of 0 or a division by 0",
          weight: 3,
        },
        {
          present: fell === true ? false : null,
          against: "the loss scale fell before",
          weight: 2,
        },
      ],
    },
    {
      id: "no-gradient-clipping",
      statement: "Nothing bounds the size of one update.",
      prior: 0.1,
      clues: [
        { present: hasNorms ? led : null, for: "the gradient norm surged first", weight: 2 },
        {
          present: prelude.clip === null ? null : prelude.clip === 0,
          for: "gradient clipping is off",
          against: `gradients are clipped at ${say(prelude.clip ?? Number.NaN)}`,
          weight: 2.5,
        },
      ],
    },
    {
      id: "no-warmup",
      statement: "Training starts at the full learning rate, while gradients are largest.",
      prior: 0.12,
      clues: [
        {
          present: rate === null ? null : rate.warmedUpAt === null,
          for: "the schedule has no warm-up",
          against: "the learning rate was warmed up",
          weight: isEarly ? (rate?.warmedUpAt === null ? 3 : 8) : 1,
        },
        { present: isEarly, against: "it did not begin with training itself", weight: 6 },
        { present: hasNorms ? led : null, against: "grad_norm did not grow before", weight: 2 },
      ],
    },
  ];
}

/** Nothing was good before, so there is nothing in this run to go back to. */
const checkStart = (dialect: string | null): Advice => ({
  id: "check-start",
  summary:
    "Check what training starts from: whether the first weights (or the checkpoint they come from) are finite, and whether the first batch has rows without a label or without an unmasked token. torch.autograd.detect_anomaly names the first operation that is not finite.",
  changes: [],
  dialect,
  expect: "The loss of the first step is finite.",
  source: "https://docs.pytorch.org/docs/stable/autograd.html#anomaly-detection",
});

/** Changes for lost numbers, likeliest cause first. Every number is computed from this run. */
export function overflowAdvice(prelude: Prelude, options: Options): Advice[] {
  const { rate, surge, usualNorm } = prelude;
  const dialect = options.dialect;
  const advice: Advice[] = [];
  const configured = [options.number("learning_rate"), rate?.peak].find((one) => one !== undefined && one > 0);
  const clip = options.number("max_grad_norm");
  const isRateSuspect = surge !== null || prelude.lossRose || prelude.isWarmingUp === true || prelude.rateJump === true;
  const resume: Advice =
    prelude.lost.rowsBefore === 0
      ? checkStart(dialect)
      : {
          id: "rewind",
          summary: `Go back to the last checkpoint before step ${prelude.lost.step}, and skip or inspect the batches around it. Find the example with torch.autograd.detect_anomaly or by checking each batch for rows without a label or without an unmasked token.`,
          changes: [options.change("resume", `the last checkpoint before step ${prelude.lost.step}`)],
          dialect,
          expect:
            "The same steps pass with a finite loss once the batch is gone; if they fail again on other data, the settings are to blame.",
          source: "https://arxiv.org/abs/2204.02311",
        };
  if (!isRateSuspect) advice.push(resume);
  if (configured !== undefined) {
    const to = round(configured / 10);
    advice.push({
      id: "lower-learning-rate",
      summary: `Lower the learning rate tenfold, to ${say(to)}${rate?.warmedUpAt === null ? ", and warm it up" : ""}.`,
      changes: [
        options.change("learning_rate", to, rate?.peak),
        ...(rate !== null && rate.warmedUpAt === null ? [options.change("warmup_steps", 100)] : []),
      ],
      dialect,
      expect: "grad_norm stays in its band and the loss stays finite past this step.",
      source:
        "https://github.com/google-research/tuning_playbook#how-can-optimization-failures-be-debugged-and-mitigated",
    });
  }
  if (clip === undefined || clip === 0 || (usualNorm !== null && clip > 10 * usualNorm))
    advice.push({
      id: "clip-gradients",
      summary: "Clip the gradient norm, at about the 90th percentile of what is usual here.",
      changes: [options.change("max_grad_norm", usualNorm !== null && usualNorm > 0 ? round(1.5 * usualNorm) : 1)],
      dialect,
      expect: "One bad batch can no longer move the weights far.",
      source:
        "https://github.com/google-research/tuning_playbook#how-can-optimization-failures-be-debugged-and-mitigated",
    });
  if (prelude.precision === "fp16" || prelude.halvings !== null)
    advice.push({
      id: "use-bf16",
      summary: "Train in bf16, which has the range of fp32 and needs no loss scale.",
      changes: [options.change("precision", "bf16")],
      dialect,
      expect: "No overflow lines; the loss stays finite.",
      source: "https://github.com/bigscience-workshop/bigscience/blob/master/train/lessons-learned.md",
    });
  if (isRateSuspect) advice.push(resume);
  return advice;
}
