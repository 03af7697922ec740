import { at } from "../../base/statistics.ts";
import { rank } from "../causes.ts";
import { optional } from "../fact.ts";
import {
  curveOf,
  endStretch,
  type LayerCurve,
  layerDeadShare,
  layerGradNorm,
  medianOf,
  riseBegins,
} from "../facts/layers.ts";
import { learningRate } from "../facts/learning-rate.ts";
import { options } from "../facts/options.ts";
import { setup as setupFact } from "../facts/setup.ts";
import { leakyActivation, lowerRateOf, scaleInitialization } from "../layer-advice.ts";
import { say, saySteps } from "../numbers.ts";
import { defineRule } from "../rule.ts";
import { unscaledInput } from "../suspects/inputs.ts";

/** A layer is dead from half of its units on: SageMaker Debugger's DeadRelu (threshold_layer 50 %) ... */
const deadShare = 0.5;
/** ... when they died at once, after it had been alive for some watched steps: by this much, within a fifth of them. */
const leastRise = 0.3;
const aliveRows = 4;
const fastestShare = 0.2;
/**
 * What comes early or slowly is sparsity: hidden ReLU layers of small classifiers that train well reach 0.97 within
 * 20 steps (measured on the image programs of benchmarks/faults), wide ones of OPT-66B 0.7 (Voita et al. 2023).
 * Only a layer through which next to nothing passes is dead then.
 */
const closedShare = 0.98;
/** Watched rows for which it lasts. */
const fewestRows = 5;

interface Death {
  readonly curve: LayerCurve;
  readonly row: number;
  readonly rows: number;
  /** Rows from where it began to rise until half of the units were dead. */
  readonly rise: number;
  readonly before: number;
  readonly now: number;
  readonly isFromStart: boolean;
}

export const deadUnits = defineRule({
  id: "dead-units",
  title: "Units of a layer are dead",
  why: "A ReLU that is 0 for every input gets no gradient and never comes back; the layer works with what is left.",
  needs: {
    shares: layerDeadShare,
    gradients: optional(layerGradNorm),
    rate: optional(learningRate),
    setup: setupFact,
    options,
  },
  signOf: ["non-finite-layer", "non-finite-loss", "loss-divergence", "gradient-explosion"],
  leadsTo: ["no-learning", "loss-plateau", "frozen-layer", "gradient-vanishing"],
  check({ shares, gradients, rate, setup, options: settings }) {
    const deaths = shares.flatMap((curve) => deathOf(curve) ?? []);
    // The earliest; of those of the same step the one that lost most.
    const [worst] = deaths.toSorted((a, b) => stepOf(a) - stepOf(b) || b.now - a.now || a.curve.depth - b.curve.depth);
    if (worst === undefined) return [];
    const { curve, before, now, isFromStart } = worst;
    const step = stepOf(worst);
    const gradient = curveOf(gradients, curve.layer);
    const hasGradient = gradient === null ? null : medianOf(gradient, gradient.length - fewestRows) > 0;
    const rateThere = rate?.atStep(step) ?? Number.NaN;
    return [
      {
        severity: now >= closedShare ? "error" : "warning",
        message: `${percent(now)} of the units of ${curve.layer} are 0 for every input${isFromStart ? ", from the first watched step on" : `; it was ${percent(before)} at the start and rose at step ${step}`}. It has lasted for ${saySteps(worst.rows, "watched step")}.${deaths.length > 1 ? ` ${deaths.length - 1} more ${deaths.length === 2 ? "layer has" : "layers have"} the same.` : ""}`,
        onset: { step, layer: curve.layer },
        end: null,
        recovered: false,
        evidence: deaths.slice(0, 5).map((death) => ({
          series: death.curve.series,
          step: at(death.curve.step, death.curve.length - 1),
          value: death.now,
          note: `dead share of ${death.curve.layer}; ${say(death.before)} at the start`,
        })),
        causes: rank([
          {
            id: "dead-relu",
            statement: `Units ${isFromStart ? "began" : "were pushed to"} where a ReLU is 0 for every input${isFromStart ? ", by their first weights or biases" : ""}; from there no gradient brings them back.`,
            prior: 0.4,
            clues: [
              {
                present: hasGradient === null ? null : !hasGradient,
                for: `${curve.layer} gets no gradient at all`,
                weight: 2,
              },
              {
                present: isFromStart,
                for: "they were dead from the first step on, before any update could kill them",
                weight: 3,
              },
            ],
          },
          {
            id: "learning-rate-too-high",
            statement: "Updates were so large that they threw biases far below 0.",
            prior: 0.3,
            clues: [
              {
                present: !isFromStart,
                for: `they died at step ${step}, within ${saySteps(worst.rise + 1, "watched step")}`,
                against: "they were dead before the first update",
                weight: 2.5,
              },
              {
                present: Number.isNaN(rateThere) || rate === null || isFromStart ? null : rateThere > 0.7 * rate.peak,
                for: `the learning rate was near its peak (${say(rateThere)})`,
                against: `the learning rate had fallen to ${say(rateThere)}`,
                weight: 1.5,
              },
            ],
          },
          {
            id: "initialization-too-small",
            statement: "The layer began with weights or biases that keep it below 0.",
            prior: 0.1,
            clues: [
              {
                present: isFromStart,
                for: "they were dead from the first step on",
                against: "they were alive at the start",
                weight: 2,
              },
            ],
          },
          {
            id: "degenerate-input",
            statement: "The inputs are not centred: most of them drive the units below 0.",
            prior: 0.1,
            clues: [
              { present: isFromStart && curve.depth === 0, for: "it is the first layer", weight: 2 },
              ...unscaledInput(setup),
            ],
          },
        ]),
        advice: isFromStart
          ? [
              leakyActivation(curve.layer),
              scaleInitialization(curve.layer, false, settings),
              ...lowerRateOf(settings, rate, 3, "Units stay alive while the rate is at its peak."),
            ]
          : [
              ...lowerRateOf(settings, rate, 3, "Units stay alive while the rate is at its peak."),
              leakyActivation(curve.layer),
            ],
      },
    ];
  },
});

const percent = (share: number): string => `${say(Math.round(share * 100))} %`;
const stepOf = ({ curve, row }: Death): number => at(curve.step, row);

function deathOf(curve: LayerCurve): Death | null {
  const now = medianOf(curve, curve.length - fewestRows);
  const start = at(curve.value, 0);
  const closed = endStretch(curve, (value) => value >= closedShare);
  if (closed !== null && closed.rows >= fewestRows) {
    const isFromStart = start >= closedShare;
    const row = isFromStart ? 0 : riseBegins(curve, closed, start, closedShare);
    return { curve, row, rows: closed.rows, rise: closed.row - row, before: start, now, isFromStart };
  }
  const dead = endStretch(curve, (value) => value >= deadShare);
  if (dead === null || dead.rows < fewestRows || dead.row < aliveRows) return null;
  const before = medianOf(curve, 0, dead.row - 1);
  if (now - before < leastRise) return null;
  const row = riseBegins(curve, dead, before, deadShare);
  const rise = dead.row - row;
  if (row < aliveRows || rise > fastestShare * dead.row) return null;
  return { curve, row, rows: dead.rows, rise, before, now, isFromStart: false };
}
