import { at, median } from "../../base/statistics.ts";
import { rank } from "../causes.ts";
import { type Curve, rowBefore } from "../facts/curve.ts";
import { evalLoss } from "../facts/eval-loss.ts";
import { announcedRises } from "../facts/announced-rise.ts";
import { optional } from "../fact.ts";
import { type GradShape, gradShape } from "../facts/grad-shape.ts";
import { learningRate } from "../facts/learning-rate.ts";
import { lossToSpike } from "../facts/enough-loss.ts";
import { options } from "../facts/options.ts";
import { rowPerEpoch } from "../facts/row-per-epoch.ts";
import { setup as setupFact } from "../facts/setup.ts";
import { stepsPerRow } from "../facts/update-rms.ts";
import { firstRatio } from "../facts/first-ratio.ts";
import { gradientSum } from "../facts/gradient-sum.ts";
import type { Excursion } from "../facts/loss-excursions.ts";
import { isDiverged, isWarmUpRise } from "../facts/divergence.ts";
import {
  clipGradients,
  lowerBeta2,
  lowerRate,
  shuffleExamples,
  skipBatches,
  surroundingEvidence,
  surroundingsOf,
} from "../instability.ts";
import { say, saySteps } from "../numbers.ts";
import { defineRule } from "../rule.ts";
import { instabilitySuspects } from "../suspects/instability.ts";

/** A spike that undoes less than a tenth of the progress and heals is told, not warned of. */
const harmfulShare = 0.1;
/**
 * One row alone that is back in the next left the weights as they were: an odd batch. Only when it
 * undoes all of the progress and the gradient surged with it, it is warned of.
 */
const harmfulRow = 1;
/**
 * Where neighbouring rows differ by an eighth (batches of a few examples) two bad rows are within what such a log
 * shows: measured on healthy image classifiers with batches of 6 and 24, which have peaks of 6 times their level.
 */
const noisyShare = 0.12;
const noisyRows = 3;
/**
 * Above the first loss, and all rows since, the model is worse on these batches than before it learned anything: their labels contradict
 * what the others teach. Hard examples and noise of small batches stay below it.
 */
const worseThanUntrained = 1.15;
/** ... with grad_norm this many times its usual at that row, as `gradShape` asks of rows out of their band. */
const normFactor = 4;

/** Largest finite value of a row at or next to the steps from..to. */
function largestNear(rows: Curve, from: number, to: number): number {
  let largest = Number.NaN;
  for (let i = Math.max(0, rowBefore(rows, from)); i < rows.length && at(rows.step, i) <= to; i++)
    if (Number.isFinite(at(rows.value, i)) && !(at(rows.value, i) <= largest)) largest = at(rows.value, i);
  return largest;
}

/**
 * A row that is the mean of this many steps hides how long a spike was; a mean that doubles is no single batch. What comes
 * back again and again (the holidays of forecast) is data. Its gradient tells, where clipping or a single logged step does not
 * hide it, and in a short log a loss above that of the untrained model: of hundreds of rows one may be odd.
 */
const rowOfManySteps = 4;
const fewSpikes = 2;
const longHeight = 2;
const longSigmas = 20;
const fewRows = 40;
/** ... and of few rows, whose noise is known as "at most" only, where both tell. */
const longSigmasBoth = 10;

export const lossSpike = defineRule({
  id: "loss-spike",
  title: "Loss spike",
  why: "A spike costs the steps until the loss is back, and may leave the model worse for good.",
  needs: {
    shape: lossToSpike,
    grad: optional(gradShape),
    rate: optional(learningRate),
    sum: optional(gradientSum),
    ratio: optional(firstRatio),
    setup: setupFact,
    announced: optional(announcedRises),
    held: optional(evalLoss),
    isEpoch: rowPerEpoch,
    options,
  },
  signOf: ["masked-labels", "hidden-non-finite-loss", "non-finite-loss", "loss-divergence", "resume-discontinuity"],
  check({ shape, grad, rate, sum, ratio, setup, announced, held, isEpoch, options: settings }) {
    // A rise after the schedule raised the rate is what a restart looks like; see the sign.
    const spikes = shape.excursions
      .filter(
        (e) =>
          !isDiverged(shape, e, rate) &&
          !(e.afterRestart && e.endRow !== null) &&
          !isWarmUpRise(shape, e, rate) &&
          announced?.some(({ excursion }) => excursion.row === e.row) !== true,
      )
      .map((spike) => fromItsLead(spike, shape.rows, grad));
    const [first] = spikes;
    if (first === undefined) return [];
    const worst = spikes.reduce((a, b) => (b.harm > a.harm ? b : a), first);
    const last = spikes.at(-1) ?? first;
    const around = surroundingsOf(first.step, { grad, rate, options: settings });
    const isNoisy =
      Math.min(worst.noise, noiseBeyondTrend(shape.rows, worst.row)) > noisyShare * Math.abs(worst.before);
    const normThere = grad === null ? Number.NaN : largestNear(grad.rows, worst.step, worst.peak.step);
    const isWorst = shape.rows.value
      .subarray(0, worst.row)
      .every((value) => worst.peak.value > worseThanUntrained * value);
    const isContradiction =
      isWorst &&
      worst.before < shape.initial - 3 * worst.noise &&
      (worst.rows >= 2 ? !(normThere < 2 * (grad?.usual ?? 0)) : normThere >= normFactor * (grad?.usual ?? 0));
    const sigmas = (worst.peak.value - worst.before) / worst.noise;
    const hasNormRisen = normThere >= 2 * (grad?.usual ?? Number.NaN);
    const isLong =
      spikes.length <= fewSpikes &&
      (isEpoch || stepsPerRow(shape.rows.step) >= rowOfManySteps) &&
      worst.peak.value >= longHeight * worst.before &&
      sigmas >= (isWorst && hasNormRisen && !isNoisy ? longSigmasBoth : longSigmas) &&
      ((isWorst && shape.rows.length < fewRows) || hasNormRisen);
    const isHarmful =
      isContradiction || isNoisy
        ? isContradiction ||
          (isLong && isWorst && worst.harm >= harmfulRow) ||
          (worst.rows >= noisyRows && worst.harm >= harmfulRow)
        : worst.rows > 1
          ? worst.harm >= harmfulShare
          : worst.harm >= harmfulRow && (around.surge !== null || isLong);
    const isBack = last.endStep !== null;
    const much = `from ${say(first.before)} to ${say(first.peak.value)}, ${say(Math.round((first.peak.value - first.before) / first.noise))} times its noise`;
    const back =
      first.endRow === null
        ? `and was not back ${saySteps(first.rows)} later`
        : `and was back after ${saySteps(first.rows)}, at step ${first.endStep}`;
    const isHeldAsHigh = heldAsHigh(spikes, held);
    const trouble = {
      isEarly: first.row < 10,
      recovered: isBack,
      repeats: spikes.length,
      initialRatio: ratio ?? Number.NaN,
      isRegular: comesRegularly(spikes.map(({ step }) => step)),
      isHeldAsHigh,
      sum,
    };
    return [
      {
        severity: isHarmful ? "warning" : "info",
        message: `Loss jumped at step ${first.step} ${much}, ${back}.${spikes.length > 1 ? ` ${spikes.length - 1} more spikes followed, the largest to ${say(worst.peak.value)} at step ${worst.peak.step}.` : ""}`,
        onset: { step: first.step },
        end: isBack ? { step: last.endStep ?? last.step } : null,
        recovered: isBack ? true : null,
        evidence: [
          ...spikes.slice(0, 5).map((spike) => ({
            series: shape.rows.series,
            step: spike.peak.step,
            value: spike.peak.value,
            note: `peak; ${say(spike.before)} before`,
          })),
          ...surroundingEvidence(around),
        ],
        causes: rank(instabilitySuspects(around, trouble, setup)),
        advice: [
          isHeldAsHigh === true ? shuffleExamples(settings) : skipBatches(around),
          ...clipGradients(around),
          ...lowerRate(around, 3),
          lowerBeta2(around),
        ],
      },
    ];
  },
});

/** Rows before a spike whose noise is looked at without their trend. */
const trendRows = 16;
/** Of normal noise: median of absolute values to standard deviation, and that of second differences to the noise's own. */
const secondToSigma = 1 / (0.6745 * Math.sqrt(6));

/** A loss that falls by a tenth from row to row is not noisy for it: its second differences are small. */
function noiseBeyondTrend({ value }: Curve, row: number): number {
  const second: number[] = [];
  for (let i = Math.max(2, row - trendRows); i < row; i++)
    second.push(Math.abs(at(value, i) - 2 * at(value, i - 1) + at(value, i - 2)));
  return second.length < trendRows / 2 ? Number.POSITIVE_INFINITY : median(second) * secondToSigma;
}

/** A row that stood out before the spike is its first one where the gradient had surged there. */
function fromItsLead(spike: Excursion, rows: Curve, grad: GradShape | null): Excursion {
  const step = at(rows.step, spike.row - 1);
  if (!spike.hasLead || grad === null || !(largestNear(grad.rows, step, step) >= normFactor * grad.usual)) return spike;
  return { ...spike, row: spike.row - 1, step, rows: spike.rows + 1 };
}

/** Four times and more, with distances that differ by less than a quarter; null when it came less often. */
function comesRegularly(steps: readonly number[]): boolean | null {
  if (steps.length < 4) return null;
  const distances = steps.slice(1).map((step, i) => step - at(steps, i));
  const usual = median(distances);
  return distances.every((distance) => Math.abs(distance / usual - 1) < 0.25);
}

/** Half-way from the level before a spike to its peak. */
const heldShare = 0.5;

/** Whether held-out loss, at the last evaluation before each of them, was near the peak and not near the level before. */
function heldAsHigh(spikes: readonly Excursion[], held: Curve | null): boolean | null {
  if (held === null) return null;
  const known = spikes.flatMap(({ step, before, peak, rows }): boolean[] => {
    const last = at(held.value, rowBefore(held, step - 1));
    // One row alone is one batch, also of a model that has overfitted.
    return Number.isFinite(last) && rows >= 2 ? [last - before >= heldShare * (peak.value - before)] : [];
  });
  return known.length === 0 ? null : known.every((isHigh) => isHigh);
}
