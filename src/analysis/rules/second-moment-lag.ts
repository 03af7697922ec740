import { rank } from "../causes.ts";
import { optional } from "../fact.ts";
import { lossToSpike } from "../facts/enough-loss.ts";
import { options } from "../facts/options.ts";
import { setup as setupFact } from "../facts/setup.ts";
import { stepsPerRow, updateRms } from "../facts/update-rms.ts";
import { clipGradients, lowerBeta2, surroundingsOf } from "../instability.ts";
import { gradShape } from "../facts/grad-shape.ts";
import { learningRate } from "../facts/learning-rate.ts";
import { say } from "../numbers.ts";
import { defineRule } from "../rule.ts";

/** Loss spikes follow 1 to 8 steps after (arXiv 2304.13013); a log that is coarser sees it in its next row. */
const followSteps = 8;

export const secondMomentLag = defineRule({
  id: "second-moment-lag",
  title: "Adam's second moment lags behind",
  why: "Gradients are divided by what they were, so that a normal gradient after a quiet stretch becomes a huge update.",
  needs: {
    rms: updateRms,
    shape: optional(lossToSpike),
    grad: optional(gradShape),
    rate: optional(learningRate),
    setup: setupFact,
    options,
  },
  signOf: [
    "masked-labels",
    "non-finite-layer",
    "hidden-non-finite-loss",
    "non-finite-loss",
    "loss-divergence",
    "resume-discontinuity",
    "learning-rate-too-high",
    "loss-spike",
    "gradient-explosion",
  ],
  check({ rms, shape, grad, rate, setup, options: settings }) {
    const [first] = rms.lags;
    if (first === undefined) return [];
    const within = shape === null ? 0 : Math.max(followSteps, 2 * stepsPerRow(shape.rows.step));
    const follower = rms.lags.flatMap((lag) => {
      const spike = shape?.excursions.find(({ step }) => step >= lag.step && step - lag.step <= within);
      return spike === undefined ? [] : [{ lag, spike }];
    })[0];
    // Without harm to the loss a large batch is all there is to see.
    if (follower === undefined && (shape === null || rms.lags.length < 2)) return [];
    const lag = follower?.lag ?? first;
    const spike = follower?.spike;
    const isAhead = spike !== undefined && spike.step > lag.step;
    const around = surroundingsOf(lag.step, { grad, rate, options: settings });
    return [
      {
        severity: isAhead && spike.rows > 1 ? "warning" : "info",
        message: `The gradient of ${lag.layer} was ${say(lag.value)} times what Adam's second moment knew at step ${lag.step} (usually ${say(lag.usual)}${lag.layers > 1 ? `; ${lag.layers} of ${rms.layers} layers at once` : ""})${spike === undefined ? "" : `, and the loss rose at step ${spike.step} to ${say(spike.peak.value)}`}.${rms.lags.length > 1 ? ` It happened ${rms.lags.length} times.` : ""}`,
        onset: { step: lag.step, layer: lag.layer },
        end: null,
        recovered: spike === undefined ? null : spike.endStep !== null,
        evidence: [
          {
            series: lag.series,
            step: lag.step,
            value: lag.value,
            note: "root mean square of gradient over second moment; 1 when it is up to date",
          },
          ...(spike === undefined || shape === null
            ? []
            : [
                {
                  series: shape.rows.series,
                  step: spike.peak.step,
                  value: spike.peak.value,
                  note: `loss after it; ${say(spike.before)} before`,
                },
              ]),
        ],
        causes: rank([
          {
            id: "adam-beta2-too-high",
            statement: "The second moment averages over so many steps that it does not follow the gradients.",
            prior: 0.5,
            clues: [
              {
                present: setup.beta2 === null ? null : setup.beta2 >= 0.999,
                for: `beta2 is ${setup.beta2 ?? ""}, a memory of ${Math.round(1 / (1 - (setup.beta2 ?? 0)))} steps`,
                against: `beta2 is only ${setup.beta2 ?? ""}`,
                weight: 2,
              },
              {
                present: spike === undefined ? null : isAhead,
                for: "the loss rose after it, not with it",
                against: "the loss rose in the same row",
                weight: 1.5,
              },
            ],
          },
          {
            id: "bad-batch",
            statement: "A batch of another kind made a gradient that nothing before had prepared.",
            prior: 0.35,
            clues: [
              { present: rms.lags.length === 1 ? true : null, for: "it happened once", weight: 1.5 },
              {
                present: spike === undefined ? null : !isAhead,
                for: "the loss rose in the same row",
                against: "the loss rose only after it",
                weight: 1.5,
              },
            ],
          },
        ]),
        advice: [
          lowerBeta2(around),
          {
            id: "clip-updates",
            summary:
              "Divide each update by max(1, its root mean square), as StableAdamW and Adafactor do: it bounds exactly this.",
            changes: [],
            dialect: settings.dialect,
            expect: "layer/update_rms may still rise; the loss does not follow.",
            source: "https://arxiv.org/abs/2304.13013",
          },
          ...clipGradients(around),
        ],
      },
    ];
  },
});
