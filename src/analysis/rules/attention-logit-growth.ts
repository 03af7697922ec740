import { at } from "../../base/statistics.ts";
import { rank } from "../causes.ts";
import { optional } from "../fact.ts";
import {
  curveOf,
  endStretch,
  type LayerCurve,
  layerAttentionEntropy,
  layerAttentionMax,
  medianOf,
  riseBegins,
} from "../facts/layers.ts";
import { learningRate } from "../facts/learning-rate.ts";
import { options } from "../facts/options.ts";
import { lowerRateOf, normaliseQueries, scaleInitialization } from "../layer-advice.ts";
import { say, saySteps } from "../numbers.ts";
import { defineRule } from "../rule.ts";

/** Wortsman et al. (arXiv 2309.14322): training gets worse from about 1e3 on and all runs above 1e4 diverged. */
const worseFrom = 1e3;
const lostFrom = 1e4;
/** Some models live with large logits that do not grow: they have to be ten times the layer's own start as well. */
const leastGrowth = 10;
/**
 * Small models collapse long before 1e3: a softmax over logits of 100 has one place left. What shows it is the
 * entropy of attention, which a fall to a tenth of the layer's own start calls collapsed.
 */
const collapseFrom = 50;
const collapsedEntropy = 0.1;
/** Large from the first step on is a fault only where attention is collapsed as well: one place of a row gets all, in nats. */
const onePlace = 0.1;
/** No initialisation makes such logits: the largest of a thousand normal ones is 4. Collapse is asked for besides. */
const bornFrom = 100;
const fewestRows = 3;
/** Without a bound alone logits grow over hundreds of steps; within so few watched ones the updates are too large. */
const fastRows = 3;

interface Growth {
  readonly curve: LayerCurve;
  readonly row: number;
  readonly rows: number;
  /** Rows from where it began to grow until it was too large. */
  readonly rise: number;
  readonly before: number;
  readonly now: number;
  readonly entropy: { readonly curve: LayerCurve; readonly before: number; readonly now: number } | null;
  readonly isCollapsed: boolean;
}

export const attentionLogitGrowth = defineRule({
  id: "attention-logit-growth",
  title: "Attention logits grow without bound",
  why: "Attention collapses onto single places, its gradient vanishes, and the loss diverges some hundred steps later.",
  needs: {
    largest: layerAttentionMax,
    entropies: optional(layerAttentionEntropy),
    rate: optional(learningRate),
    options,
  },
  signOf: ["non-finite-layer"],
  leadsTo: ["loss-divergence", "loss-spike", "gradient-explosion", "non-finite-loss", "hidden-non-finite-loss"],
  check({ largest, entropies, rate, options: settings }) {
    const found = largest.flatMap((curve) => growthOf(curve, curveOf(entropies, curve.layer)) ?? []);
    const [worst] = found.toSorted((a, b) => b.now - a.now);
    if (worst === undefined) return [];
    const { curve, before, now, entropy } = worst;
    const step = at(curve.step, worst.row);
    const factor = now / before;
    const isBorn = worst.row === 0;
    const rateThere = rate?.atStep(step) ?? Number.NaN;
    const causes = rank([
      {
        id: "qk-norm-missing",
        statement: "Nothing bounds the product of queries and keys, so their norms grow together.",
        prior: 0.5,
        clues: [
          {
            present: worst.rows >= 2 * fewestRows && !isBorn ? true : null,
            for: `it grew over ${saySteps(worst.rows, "watched step")}`,
            weight: 1.3,
          },
          {
            present: worst.isCollapsed && !isBorn ? true : null,
            for: "attention has collapsed onto single places",
            weight: 1.5,
          },
        ],
      },
      {
        id: "learning-rate-too-high",
        statement: "The learning rate is higher than attention without a bound can follow.",
        prior: 0.35,
        clues: [
          {
            present: isBorn ? false : Number.isNaN(rateThere) || rate === null ? null : rateThere > 0.7 * rate.peak,
            for: `it began near the peak of the learning rate (${say(rateThere)})`,
            against: isBorn
              ? "it was so before the first update"
              : `the learning rate was only ${say(rateThere)} where it began`,
            weight: 1.5,
          },
          {
            present: isBorn ? null : worst.rise <= fastRows ? true : null,
            for: `it grew ${say(Math.round(factor))} times within ${saySteps(worst.rise, "watched step")}`,
            weight: 2,
          },
        ],
      },
      {
        id: "initialization-too-large",
        statement: "Queries and keys began too large, or their product is not divided by sqrt(d).",
        prior: 0.1,
        clues: [
          {
            present: before > bornFrom,
            for: `the largest logit was ${say(before)} at the start already, before any update`,
            weight: 5,
          },
          {
            present: isBorn && now < leastGrowth * before ? true : null,
            for: "it has stayed of that size since: nothing grows without a bound",
            weight: 4,
          },
        ],
      },
    ]);
    const advice = [
      ...(isBorn ? [scaleInitialization(curve.layer, true, settings)] : []),
      normaliseQueries,
      ...lowerRateOf(settings, rate, 3, "The largest logit stops growing; it stays below about 100."),
    ];
    return [
      {
        ...(isBorn ? { title: "Attention is collapsed from the start" } : {}),
        severity: now >= lostFrom ? "error" : "warning",
        message: `The largest attention logit of ${curve.layer} is ${say(now)}, ${isBorn ? `and was ${say(before)} at the first watched step` : `${say(Math.round(factor))} times its ${say(before)} at the start; it has grown since step ${step}`}.${entropy !== null && worst.isCollapsed ? ` Its attention has collapsed: the entropy ${isBorn ? "is" : `fell from ${say(entropy.before)} to`} ${say(entropy.now)} nats.` : ""}${found.length > 1 ? ` ${found.length - 1} more ${found.length === 2 ? "layer does" : "layers do"} the same.` : ""}`,
        onset: { step, layer: curve.layer },
        end: null,
        recovered: false,
        evidence: [
          // The layer that is named comes first.
          ...[worst, ...found.filter((one) => one !== worst)].slice(0, 4).map((one) => ({
            series: one.curve.series,
            step: at(one.curve.step, one.curve.length - 1),
            value: one.now,
            note: `largest attention logit of ${one.curve.layer}; ${say(one.before)} at the start`,
          })),
          ...(entropy === null
            ? []
            : [
                {
                  series: entropy.curve.series,
                  step: at(entropy.curve.step, entropy.curve.length - 1),
                  value: entropy.now,
                  note: `entropy of its attention; ${say(entropy.before)} nats at the start`,
                },
              ]),
        ],
        causes,
        // What answers the likeliest cause comes first.
        advice: causes[0]?.id === "learning-rate-too-high" ? advice.toReversed() : advice,
      },
    ];
  },
});

function growthOf(curve: LayerCurve, entropy: LayerCurve | null): Growth | null {
  // The first row alone: where every 20th step is watched, the second may be far into the growth.
  const before = at(curve.value, 0);
  if (!(before > 0)) return null;
  const now = medianOf(curve, curve.length - fewestRows);
  const spread =
    entropy === null
      ? null
      : { curve: entropy, before: at(entropy.value, 0), now: medianOf(entropy, entropy.length - fewestRows) };
  const isCollapsed = spread !== null && spread.now < collapsedEntropy * spread.before;
  if (before >= bornFrom && now >= bornFrom && spread !== null && spread.before < onePlace && spread.now < onePlace)
    return { curve, row: 0, rows: curve.length, rise: 0, before, now, entropy: spread, isCollapsed: true };
  const bar = Math.max(isCollapsed ? collapseFrom : worseFrom, leastGrowth * before);
  if (!(now >= bar)) return null;
  const stretch = endStretch(curve, (value) => value >= bar);
  if (stretch === null || stretch.rows < fewestRows) return null;
  const row = riseBegins(curve, stretch, before, bar);
  return {
    curve,
    row,
    rows: curve.length - row,
    rise: stretch.row - row + 1,
    before,
    now,
    entropy: spread,
    isCollapsed,
  };
}
