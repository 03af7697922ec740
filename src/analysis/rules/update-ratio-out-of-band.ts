import { at, median } from "../../base/statistics.ts";
import { rank } from "../causes.ts";
import { rowBefore } from "../facts/curve.ts";
import { optional } from "../fact.ts";
import { curveOf, earlyLevel, familyOf, type LayerCurve, layerUpdateRatio, layerWeightNorm } from "../facts/layers.ts";
import { type LearningRate, learningRate } from "../facts/learning-rate.ts";
import { options } from "../facts/options.ts";
import { objective } from "../facts/trainer.ts";
import { lowerRateOf } from "../layer-advice.ts";
import { say } from "../numbers.ts";
import { defineRule } from "../rule.ts";

/** TheDeepChecker's band of log10(update / weight) is [-4, -1]. */
const highest = 1e-1;
/**
 * Below its lower end are full fine-tunes at rates of 1e-6 (measured on Adam: 1e-6 / 0.02 = 5e-5), which are
 * healthy. A whole model is judged a decade below; one layer at the end of the band, when its like are far above.
 */
const lowestOfAll = 1e-5;
const lowestOfOne = 1e-4;
/** One layer against those of its kind: Adam makes their ratios alike, up to the norms of their weights. */
const apart = 10;
const farApart = 100;
/** Rows that are judged: the last at a learning rate worth the name, so neither warm-up nor the end of a decay. */
const windowRows = 8;
const fewestRows = 6;
const rateShare = 0.3;
/** First rows are not judged: weights that begin at 0 double with each update. */
const skippedRows = 4;
/** Weights that began this much smaller than they are were zero-initialised. */
const zeroInitShare = 0.05;

interface Level {
  readonly curve: LayerCurve;
  readonly first: number;
  readonly value: number;
}

export const updateRatioOutOfBand = defineRule({
  id: "update-ratio-out-of-band",
  title: "Updates have the wrong size",
  why: "Updates of a tenth of the weights undo what was learned; updates of a millionth learn nothing.",
  needs: {
    updates: layerUpdateRatio,
    weights: optional(layerWeightNorm),
    rate: optional(learningRate),
    objective: optional(objective),
    options,
  },
  signOf: [
    "non-finite-layer",
    "non-finite-loss",
    "hidden-non-finite-loss",
    "loss-divergence",
    "learning-rate-too-high",
    "gradient-explosion",
    "gradient-vanishing",
    "no-learning",
    "loss-plateau",
    "loss-spike",
    "dead-units",
    "saturated-activations",
    "attention-logit-growth",
  ],
  check({ updates, weights, rate, objective: kind, options: settings }) {
    const levels = updates.flatMap((curve) => levelOf(curve, rate) ?? []);
    if (levels.length === 0) return [];
    const high = levels.filter((level) => level.value > highest && !isZeroInit(curveOf(weights, level.curve.layer)));
    const isAllHigh = high.length > levels.length / 2;
    const oneHigh = high.filter((level) => level.value > apart * othersOf(level, levels));
    const low = levels.filter((level) => level.value < lowestOfAll);
    // Preference tuning and reinforcement learning work with rates at which updates are this small.
    const isAllLow = kind === "supervised" && low.length === levels.length;
    const oneLow = levels.filter(
      (level) => level.value < lowestOfOne && level.value * farApart < othersOf(level, levels),
    );
    const [worst] = isAllHigh
      ? high.toSorted((a, b) => b.value - a.value)
      : oneHigh.length > 0
        ? oneHigh.toSorted((a, b) => b.value - a.value)
        : isAllLow
          ? low
          : oneLow.toSorted((a, b) => a.value - b.value);
    if (worst === undefined) return [];
    const isHigh = worst.value > highest;
    const isAll = isHigh ? isAllHigh : isAllLow;
    const step = at(worst.curve.step, worst.first);
    const others = isAll ? median(levels.map((level) => level.value)) : othersOf(worst, levels);
    const named = isAll
      ? `${isHigh ? high.length : low.length} of ${levels.length} layers are updated by ${say(others)} of their weights a step`
      : `${worst.curve.layer} is updated by ${say(worst.value)} of its weights a step, the layers like it by ${say(others)}`;
    return [
      {
        severity: "warning",
        message: `${named}; between 0.0001 and 0.1 is usual.`,
        onset: isAll ? { step } : { step, layer: worst.curve.layer },
        end: null,
        recovered: false,
        evidence: [
          {
            series: worst.curve.series,
            step: at(worst.curve.step, worst.curve.length - 1),
            value: worst.value,
            note: `update of ${worst.curve.layer} over the norm of its weights, median of the last ${windowRows} watched steps at full rate`,
          },
          ...(rate === null
            ? []
            : [{ series: rate.series, step: rate.peakStep, value: rate.peak, note: "largest learning rate" }]),
        ],
        causes: rank([
          {
            id: isHigh ? "learning-rate-too-high" : "learning-rate-too-low",
            statement: isHigh
              ? "The learning rate is too high for the size of these weights."
              : "The learning rate is too low for the size of these weights.",
            prior: 0.5,
            clues: [
              {
                present: isAll,
                for: "all layers show it",
                against: "only one layer shows it, and all have the same rate",
                weight: 2,
              },
            ],
          },
          {
            id: isHigh ? "initialization-too-small" : "initialization-too-large",
            statement: `The layer's weights are ${isHigh ? "small" : "large"} beside those of the others.`,
            prior: 0.2,
            clues: [{ present: !isAll, for: "it stands out among layers of its kind", weight: 2 }],
          },
          ...(isHigh
            ? []
            : [
                {
                  id: "frozen-parameters",
                  statement: "The layer is in a parameter group with another learning rate.",
                  prior: 0.2,
                  clues: [{ present: !isAll, for: "it stands out among layers of its kind", weight: 3 }],
                },
              ]),
        ]),
        advice: lowerRateOf(
          settings,
          rate,
          isHigh ? Math.max(3, Math.min(100, worst.value / 1e-2)) : Math.max(0.01, worst.value / 1e-3),
          "The update ratio comes near 0.001, where most models train well.",
        ),
      },
    ];
  },
});

function levelOf(curve: LayerCurve, rate: LearningRate | null): Level | null {
  const end = rate === null ? curve.length : 1 + rowBefore(curve, lastFullStep(rate));
  const first = Math.max(skippedRows, end - windowRows);
  if (end - first < fewestRows) return null;
  const rows = curve.value.subarray(first, end).filter((value) => Number.isFinite(value));
  const value = median(rows);
  // Exactly 0 is another fault: the layer is frozen.
  if (rows.length < fewestRows || !(value > 0)) return null;
  return { curve, first, value };
}

/** Last logged step at a rate near its peak. */
function lastFullStep(rate: LearningRate): number {
  let row = rate.length - 1;
  while (row > 0 && at(rate.value, row) < rateShare * rate.peak) row -= 1;
  return row === rate.length - 1 ? Number.POSITIVE_INFINITY : at(rate.step, row);
}

function othersOf(level: Level, levels: readonly Level[]): number {
  const family = familyOf(level.curve.layer);
  const alike = levels.filter((other) => other !== level && familyOf(other.curve.layer) === family);
  // A layer of a kind of its own (an embedding, the head) has nothing to be compared with.
  return alike.length >= 2 ? median(alike.map((other) => other.value)) : Number.NaN;
}

const isZeroInit = (weight: LayerCurve | null): boolean =>
  weight !== null && earlyLevel(weight) < zeroInitShare * at(weight.value, weight.length - 1);
