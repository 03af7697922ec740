import { at } from "../../base/statistics.ts";
import { toWire } from "../../model/number.ts";
import { rank } from "../causes.ts";
import { optional } from "../fact.ts";
import { gradShape, type GradShape, type Surge } from "../facts/grad-shape.ts";
import { layerGradients } from "../facts/layer-gradients.ts";
import { learningRate } from "../facts/learning-rate.ts";
import { logLines } from "../facts/log-lines.ts";
import { options, precision } from "../facts/options.ts";
import { setup as setupFact } from "../facts/setup.ts";
import { firstRatio } from "../facts/first-ratio.ts";
import { type GradGrowth, gradGrowth } from "../facts/grad-growth.ts";
import { gradientSum } from "../facts/gradient-sum.ts";
import { clearGradients, clipGradients, lowerRate, surroundingsOf } from "../instability.ts";
import { say, saySteps } from "../numbers.ts";
import { defineRule } from "../rule.ts";
import { instabilitySuspects } from "../suspects/instability.ts";

/** One or two rows above the band that come back are everyday; a sign explains them. */
const lastingRows = 3;
/** As far as a surge reaches; see `GradGrowth` for what makes it a sum. */
const summedFactor = 10;

/** Surges that are no everyday peaks: lasting ones, and one at the end of the log that still grows. */
export const lasting = (surges: readonly Surge[]): Surge[] => surges.filter((surge) => surge.rows >= lastingRows);

export const gradientExplosion = defineRule({
  id: "gradient-explosion",
  title: "Gradient explosion",
  why: "Gradients that keep growing end in a loss that diverges or is not a number, usually within a few steps.",
  needs: {
    grad: gradShape,
    rate: optional(learningRate),
    lines: optional(logLines),
    precision: optional(precision),
    layers: optional(layerGradients),
    growth: optional(gradGrowth),
    sum: optional(gradientSum),
    ratio: optional(firstRatio),
    setup: setupFact,
    options,
  },
  signOf: [
    "masked-labels",
    "hidden-non-finite-loss",
    "non-finite-loss",
    "loss-divergence",
    "loss-scale-collapse",
    "resume-discontinuity",
    "loss-spike",
    "reference-mismatch",
    "entropy-collapse",
    "length-explosion",
    "policy-collapse",
    "kl-blowup",
    "preference-degeneration",
  ],
  check({ grad, rate, layers, growth, sum, ratio, setup, options: settings }) {
    const found = lasting(grad.surges);
    const surges = found.length === 0 && growth !== null ? summed(grad, growth) : found;
    const [first] = surges;
    const last = surges.at(-1);
    if (first === undefined || last === undefined) return [];
    const around = surroundingsOf(first.step, { grad, rate, options: settings });
    const isOpen = last.endStep === null;
    const place = layers?.explosionNear(first.step) ?? null;
    const worst = surges.reduce((a, b) => (b.peak.value > a.peak.value ? b : a), first);
    return [
      {
        severity: isOpen ? "error" : "warning",
        message: `Gradient norm left its band at step ${first.step} and reached ${say(first.peak.value)} at step ${first.peak.step}, ${say(Math.round(first.peak.value / first.usual))} times the usual ${say(first.usual)}; ${first.endStep === null ? `it has stayed there for ${saySteps(first.rows)}` : `it was back after ${saySteps(first.rows)}, at step ${first.endStep}`}.${surges.length > 1 ? ` It happened ${surges.length} times.` : ""}${place === null ? "" : ` It began in ${place.layer}.`}`,
        onset: place === null ? { step: first.step } : { step: first.step, layer: place.layer },
        end: isOpen ? null : { step: last.endStep ?? last.step },
        recovered: !isOpen,
        evidence: [
          ...[...new Set([first, worst, last])].map((surge) => ({
            series: grad.rows.series,
            step: surge.peak.step,
            value: surge.peak.value,
            note: `peak; usually ${say(surge.usual)}`,
          })),
          ...(place === null
            ? []
            : [
                {
                  series: place.series,
                  step: place.step,
                  value: toWire(place.value),
                  note: `the first layer whose gradient left its band, usually ${say(place.usual)}`,
                },
              ]),
        ],
        causes: rank(
          instabilitySuspects(
            around,
            {
              isEarly: first.row < 20,
              recovered: !isOpen,
              repeats: surges.length,
              initialRatio: ratio ?? Number.NaN,
              sum,
            },
            setup,
          ),
        ),
        advice: [...clearGradients(sum, settings.dialect), ...clipGradients(around), ...lowerRate(around, 3)],
      },
    ];
  },
});

/** A sum of all gradients so far grows without leaving any band: each row is near the one before. */
function summed({ rows, largest }: GradShape, { isSum, total, first, step }: GradGrowth): Surge[] {
  if (!isSum || !(total >= summedFactor)) return [];
  const row = rows.step.indexOf(step);
  const peakRow = rows.value.indexOf(largest);
  return [
    {
      row,
      step,
      usual: first,
      peak: { step: at(rows.step, peakRow), value: largest },
      endStep: null,
      rows: rows.length - row,
    },
  ];
}
