import { at } from "../../base/statistics.ts";
import { rank } from "../causes.ts";
import { optional } from "../fact.ts";
import { signalGrowth } from "../facts/layer-activations.ts";
import { layerOrder } from "../facts/layer-order.ts";
import { earlyLevel, endStretch, type LayerCurve, layerSaturatedShare, medianOf, riseBegins } from "../facts/layers.ts";
import { learningRate } from "../facts/learning-rate.ts";
import { options } from "../facts/options.ts";
import { addNormalisation, lowerRateOf, scaleInitialization, unboundedActivation } from "../layer-advice.ts";
import { say, saySteps } from "../numbers.ts";
import { defineRule } from "../rule.ts";

/** SageMaker Debugger and DeepDiagnosis both call a layer saturated when half of its outputs are at their bounds. */
const saturatedShare = 0.5;
const leastRise = 0.2;
const fewestRows = 5;

interface Saturation {
  readonly curve: LayerCurve;
  readonly row: number;
  readonly rows: number;
  readonly before: number;
  readonly now: number;
  readonly isFromStart: boolean;
}

export const saturatedActivations = defineRule({
  id: "saturated-activations",
  title: "Activations are saturated",
  why: "At the bounds of tanh or sigmoid the derivative is nearly 0, so the layers below get hardly any gradient.",
  needs: {
    shares: layerSaturatedShare,
    order: optional(layerOrder),
    growth: optional(signalGrowth),
    rate: optional(learningRate),
    options,
  },
  signOf: ["non-finite-layer"],
  leadsTo: ["no-learning", "frozen-layer"],
  check({ shares, order, growth, rate, options: settings }) {
    const deepest = order === null ? null : lastOf(order);
    // A good classifier ends in probabilities near 0 and 1: the output layer is meant to saturate.
    const found = shares.flatMap((curve) => (curve.layer === deepest ? [] : (saturationOf(curve) ?? [])));
    const [worst] = found.toSorted((a, b) => stepOf(a) - stepOf(b) || b.now - a.now);
    if (worst === undefined) return [];
    const { curve, before, now, isFromStart } = worst;
    const step = stepOf(worst);
    const rateThere = rate?.atStep(step) ?? Number.NaN;
    const isLarge = growth === null ? null : growth.ratio > 10 || growth.first.std > 2;
    return [
      {
        severity: "warning",
        message: `${percent(now)} of the outputs of ${curve.layer} are within 1 % of their bounds${isFromStart ? ", from the first watched step on" : `; it was ${percent(before)} at the start and rose at step ${step}`}. It has lasted for ${saySteps(worst.rows, "watched step")}.${found.length > 1 ? ` ${found.length - 1} more ${found.length === 2 ? "layer has" : "layers have"} the same.` : ""}`,
        onset: { step, layer: curve.layer },
        end: null,
        recovered: false,
        evidence: found.slice(0, 5).map((one) => ({
          series: one.curve.series,
          step: at(one.curve.step, one.curve.length - 1),
          value: one.now,
          note: `saturated share of ${one.curve.layer}; ${say(one.before)} at the start`,
        })),
        causes: rank([
          {
            id: "saturating-activation",
            statement: "The layer's bounded activation gets inputs far outside the range in which it has a derivative.",
            prior: 0.4,
            clues: [
              {
                present: found.length > 1 ? true : null,
                for: `${found.length} layers with it are saturated`,
                weight: 1.5,
              },
            ],
          },
          {
            id: "initialization-too-large",
            statement: "Weights began so large that the inputs of the activation are beyond its bounds.",
            prior: 0.25,
            clues: [
              {
                present: isFromStart,
                for: "it was so from the first step on, before any update",
                against: `only ${percent(before)} were at the start`,
                weight: 3,
              },
              {
                present: isLarge,
                for: `activations began with a standard deviation of ${say(growth?.first.std ?? 0)} to ${say(growth?.last.std ?? 0)}`,
                weight: 2,
              },
            ],
          },
          {
            id: "learning-rate-too-high",
            statement: "Updates were so large that weights grew beyond the range of the activation.",
            prior: 0.25,
            clues: [
              {
                present: !isFromStart,
                for: `it came while training went on, at step ${step}`,
                against: "it was so before the first update",
                weight: 2.5,
              },
              {
                present: Number.isNaN(rateThere) || rate === null || isFromStart ? null : rateThere > 0.7 * rate.peak,
                for: `the learning rate was near its peak (${say(rateThere)})`,
                weight: 1.5,
              },
            ],
          },
          {
            id: "missing-normalisation",
            statement: "Nothing keeps the inputs of the activation near 0.",
            prior: 0.15,
            clues: [
              {
                present: growth === null ? null : growth.ratio > 3,
                for: `the signal grows ${say(growth?.ratio ?? 0)} times from the first to the last layer`,
                weight: 2,
              },
            ],
          },
          {
            id: "degenerate-input",
            statement: "Inputs are not scaled: values far from 0 drive the first layers into their bounds.",
            prior: 0.1,
            clues: [
              { present: isFromStart && curve.depth === 0, for: "the first such layer is saturated too", weight: 2 },
            ],
          },
        ]),
        advice: [
          ...(isFromStart ? [scaleInitialization(curve.layer, true, settings)] : []),
          ...(isFromStart
            ? []
            : lowerRateOf(settings, rate, 3, "The share of saturated outputs stays where it was at the start.")),
          addNormalisation(curve.layer),
          unboundedActivation(curve.layer),
        ],
      },
    ];
  },
});

const percent = (share: number): string => `${say(Math.round(share * 100))} %`;
const stepOf = ({ curve, row }: Saturation): number => at(curve.step, row);

const lastOf = (order: ReadonlyMap<string, number>): string | null =>
  [...order].reduce<[string, number] | null>(
    (last, entry) => (last === null || entry[1] > last[1] ? entry : last),
    null,
  )?.[0] ?? null;

function saturationOf(curve: LayerCurve): Saturation | null {
  const stretch = endStretch(curve, (value) => value >= saturatedShare);
  if (stretch === null || stretch.rows < fewestRows) return null;
  const before = earlyLevel(curve);
  const now = medianOf(curve, curve.length - fewestRows);
  const isFromStart = stretch.row === 0 || before >= saturatedShare;
  if (!isFromStart && now - before < leastRise) return null;
  const row = isFromStart ? 0 : riseBegins(curve, stretch, before, saturatedShare);
  return { curve, row, rows: stretch.rows, before, now, isFromStart };
}
