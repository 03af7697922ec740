import { at } from "../../base/statistics.ts";
import type { Evidence } from "../../model/finding.ts";
import { rank } from "../causes.ts";
import { optional } from "../fact.ts";
import { type Curve, rowBefore } from "../facts/curve.ts";
import { divergence } from "../facts/divergence.ts";
import { lossOfNumbers } from "../facts/non-finite.ts";
import { firstRatio } from "../facts/first-ratio.ts";
import { firstUpdate } from "../facts/first-update.ts";
import { gradientSum } from "../facts/gradient-sum.ts";
import { gradShape } from "../facts/grad-shape.ts";
import { lossShape } from "../facts/loss-shape.ts";
import { learningRate } from "../facts/learning-rate.ts";
import { options } from "../facts/options.ts";
import { isRepeated, repetition } from "../facts/repetition.ts";
import { restlessness } from "../facts/restlessness.ts";
import { setup as setupFact } from "../facts/setup.ts";
import { levelOf } from "../facts/stretch.ts";
import { objective } from "../facts/trainer.ts";
import { clipGradients, lowerRate, surroundingsOf } from "../instability.ts";
import { say } from "../numbers.ts";
import { defineRule } from "../rule.ts";
import { instabilitySuspects } from "../suspects/instability.ts";

/** grad_norm that grew tenfold since the warm-up while the loss gained nothing. */
const growth = 10;
/** A loss that is not below this share of its start has gained little of what a smaller rate gains. */
const littleGained = 0.65;
const fewestRelapses = 3;
/**
 * A rate a few times above what is usual slows many a model down and no more: it takes a loss that gains no more in the
 * second half of the run. Recorded: 0.03 with Adam (fixtures/verify) went on learning and ended it at 0.95 to 0.97; 0.02
 * (recommenders) was too high and ended it at 1.06 and 1.19. From 0.05 on even a loss that still falls shows too high a rate.
 */
const fewTimes = 4;
const goesOnShare = 0.98;
/**
 * Half of the weights in one update. The recorded runs that train change most layers by 0.3 to 5 % in their first;
 * weights that begin at 0 (every second module of LoRA) double and are left out by asking three of four layers.
 */
const thrownRatio = 0.5;
/** ... and a loss that was above its first by this factor within the rows after it. */
const launchRise = 1.1;
const launchRows = 5;
/** Half as much again is gained when the rate comes down, after nothing was gained at its height. */
const decayGain = 0.25;
/** A first loss this far above guessing is initial-loss-mismatch. */
const wrongStart = 1.5;

export const learningRateTooHigh = defineRule({
  id: "learning-rate-too-high",
  title: "Learning rate is too high",
  why: "Updates jump over what they should find: the loss stays above what a smaller rate reaches in the same steps.",
  needs: {
    restless: restlessness,
    shape: lossShape,
    grad: optional(gradShape),
    rate: optional(learningRate),
    sum: optional(gradientSum),
    ratio: optional(firstRatio),
    thrown: optional(firstUpdate),
    setup: setupFact,
    diverged: optional(divergence),
    lost: optional(lossOfNumbers),
    pattern: optional(repetition),
    objective,
    options,
  },
  signOf: ["masked-labels", "non-finite-layer", "accumulation-scaling"],
  leadsTo: [
    "attention-logit-growth",
    "initial-loss-mismatch",
    "saturated-activations",
    "update-ratio-out-of-band",
    "no-learning",
    "loss-plateau",
    "gradient-explosion",
    "loss-spike",
    "dead-units",
    "gradient-vanishing",
  ],
  check({
    restless,
    shape,
    grad,
    rate,
    sum,
    ratio,
    thrown,
    setup,
    diverged,
    lost,
    pattern,
    objective: kind,
    options: settings,
  }) {
    // A loss that diverged or was lost is told by the rules on that, with the same causes.
    if (kind !== "supervised" || diverged !== null || lost !== null) return [];
    // Sorted data and a wrong start make a loss restless at any rate.
    const isExtreme = setup.isRateExtreme === true;
    const isWrongStart = ratio !== null && ratio > wrongStart && !isExtreme;
    if ((pattern !== null && isRepeated(pattern)) || isWrongStart) return [];
    const { rise, relapses, firstRelapse, normGrowth, gainOfDecay, decayStep, last, best } = restless;
    const { rows, excursions } = shape;
    // The first row may be the mean of steps that this rate has thrown far above the start.
    const isLittle = last > littleGained || (ratio !== null && ratio > wrongStart && last * ratio > littleGained);
    const hasGrown = normGrowth >= growth && last > 0.95 * best;
    const isRestless = relapses >= fewestRelapses || excursions.length >= fewestRelapses;
    const isThrown = thrown !== null && thrown.ratio >= thrownRatio;
    const hasJumped = rows.value.subarray(1, launchRows).some((value) => value > launchRise * at(rows.value, 0));
    const isAbsurd = setup.isRateAbsurd === true;
    const signs = [
      ...(isAbsurd ? [`no recipe trains with ${setup.optimizer} at so high a rate`] : []),
      ...(isThrown
        ? [
            `the update of step ${thrown.step} changed three of four layers by at least ${say(Math.round(100 * thrown.ratio))} % of their weights`,
          ]
        : []),
      ...(rise === null ? [] : [`it rose above its start to ${say(rise.value)} at step ${rise.step}`]),
      ...(relapses > 0 ? [`its level rose again ${relapses} times`] : []),
      ...(isLittle ? [`it has gained only ${say(Math.round(100 * (1 - last)))} % of its start`] : []),
      ...(hasGrown ? [`grad_norm grew ${say(Math.round(normGrowth))} times`] : []),
      ...(gainOfDecay >= decayGain
        ? [`it fell by ${say(Math.round(100 * gainOfDecay))} % when the rate came down`]
        : []),
    ];
    const isSure =
      isAbsurd ||
      (rise !== null && (isLittle || isExtreme || isRestless)) ||
      (isExtreme && isLittle && ((setup.rateExcess ?? 0) >= fewTimes || !goesOn(rows))) ||
      (isRestless && isLittle && relapses > 0) ||
      (hasGrown && isRestless) ||
      (isThrown && (isLittle || hasJumped));
    // A loss that only fell when the rate came down may have seen the data again by then: it takes another sign.
    if (!isSure && !(gainOfDecay >= decayGain && (isExtreme || isRestless))) return [];
    const step =
      (isAbsurd ? at(rows.step, 0) : null) ??
      rise?.step ??
      (isThrown ? thrown.step : null) ??
      (isSure ? restless.firstRise : null) ??
      (isRestless ? firstRelapse : null) ??
      (isSure ? at(rows.step, 0) : (decayStep ?? at(rows.step, 0)));
    const around = surroundingsOf(step, { grad, rate, options: settings });
    const row = Math.max(0, rowBefore(rows, step));
    const evidence: Evidence[] = [
      { series: rows.series, step: at(rows.step, 0), value: at(rows.value, 0), note: "first loss" },
      { series: rows.series, step: at(rows.step, row), value: at(rows.value, row), note: "loss where it shows" },
      {
        series: rows.series,
        step: at(rows.step, rows.length - 1),
        value: at(rows.value, rows.length - 1),
        note: "last loss",
      },
    ];
    if (rate !== null)
      evidence.push({ series: rate.series, step: rate.peakStep, value: rate.peak, note: "highest learning rate" });
    return [
      {
        severity: isSure ? "warning" : "info",
        message: `${isThrown ? "The weights and the loss say" : "The loss says"} that the learning rate${setup.rate === null ? "" : ` (${say(setup.rate)})`} is too high for this model: ${signs.join(", ")}.`,
        onset: { step },
        end: null,
        recovered: false,
        evidence,
        causes: rank(
          instabilitySuspects(
            around,
            {
              isEarly: rise !== null || row < 20,
              recovered: false,
              repeats: Math.max(1, relapses),
              initialRatio: ratio ?? Number.NaN,
              sum,
            },
            setup,
          ),
        ),
        advice: [...lowerRate(around, isExtreme ? 10 : 3), ...clipGradients(around, true)],
      },
    ];
  },
});

/** Whether the last fifth of the rows is still below the middle one. */
function goesOn({ value, length }: Curve): boolean {
  const fifth = Math.max(1, Math.floor(length / 5));
  return levelOf(value, length - fifth, length) < goesOnShare * levelOf(value, 2 * fifth, 3 * fifth);
}
