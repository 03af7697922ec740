import { at } from "../base/statistics.ts";
import { rank } from "./causes.ts";
import type { SignalGrowth } from "./facts/layer-activations.ts";
import { rowBefore } from "./facts/curve.ts";
import type { GradientFall, LayerGradients } from "./facts/layer-gradients.ts";
import type { LayerCurve } from "./facts/layers.ts";
import type { LossShape } from "./facts/loss-shape.ts";
import { levelOf } from "./facts/stretch.ts";
import type { Options } from "./facts/options.ts";
import { addNormalisation, scaleInitialization, unboundedActivation } from "./layer-advice.ts";
import { say, saySteps } from "./numbers.ts";
import type { FindingDraft } from "./rule.ts";

/** AutoTrainer's beta1: the gradient of the first layers over that of the last. Watched runs that train are above 0.02. */
const vanishedRatio = 1e-3;
const fewestRows = 5;
/** A loss that still stands at this share of its start has not learned. */
const stuckShare = 0.9;
/** A start that was lost for a quarter of the run, in three watched rows or more, without any gain meanwhile. */
const fewestFirstRows = 3;
const heldUpShare = 0.25;
const heldUpLevel = 0.95;
const nearRows = 3;

/** A gradient that is lost on its way down the network while the loss stays where it began. */
export function vanishingByDepth({
  layers,
  bounded,
  growth,
  shape,
  options,
}: {
  readonly layers: LayerGradients | null;
  readonly bounded: readonly LayerCurve[] | null;
  readonly growth: SignalGrowth | null;
  readonly shape: LossShape;
  readonly options: Options;
}): FindingDraft[] {
  if (!(shape.initial > 0)) return [];
  const fall = layers?.fall() ?? null;
  if (fall === null) return [];
  const { row, end } = stretchOf(fall.byRow, shape);
  const onset = fall.byRow[row];
  const last = fall.byRow[end - 1];
  const rows = end - row;
  if (onset === undefined || last === undefined || rows < 1) return [];
  const after = fall.byRow[end];
  const isFromStart = row === 0;
  return [
    {
      severity: after === undefined ? "error" : "warning",
      message: `The gradient of the first third of the layers is ${say(last.ratio)} of that of the last third, ${isFromStart ? "from the first watched step on" : `since step ${onset.step}`}, for ${saySteps(rows, "watched step")}; the loss ${after === undefined ? "is" : `was at step ${last.step}`} still ${say(levelAt(shape, last.step))} (${say(shape.initial)} at the start). ${fall.isSudden ? `Most of it is lost at ${fall.layer}.` : "It is lost evenly, layer by layer."}`,
      onset: { step: onset.step, layer: fall.layer },
      end: after === undefined ? null : { step: after.step },
      recovered: after !== undefined,
      evidence: [
        {
          series: fall.series,
          step: last.step,
          value: fall.first.value,
          note: `gradient of ${fall.first.layer}; ${say(fall.last.value)} in ${fall.last.layer}`,
        },
        {
          series: shape.rows.series,
          step: at(shape.rows.step, shape.rows.length - 1),
          value: at(shape.rows.value, shape.rows.length - 1),
          note: "last loss",
        },
      ],
      causes: rank([
        {
          id: "saturating-activation",
          statement:
            "Sigmoid or tanh passes at most a part of the gradient (sigmoid a quarter), and the parts multiply.",
          prior: 0.3,
          clues: [
            {
              present: bounded !== null && bounded.length >= 2,
              for: `${bounded?.length ?? 0} layers are sigmoid or tanh`,
              against: "no layer is sigmoid or tanh",
              weight: 4,
            },
          ],
        },
        {
          id: "missing-normalisation",
          statement:
            "The network is deep and has no normalisation or residual path, so that signals shrink from layer to layer.",
          prior: 0.25,
          clues: [{ present: fall.isSudden ? null : true, for: "it is lost evenly over the depth", weight: 1.5 }],
        },
        {
          id: "initialization-too-small",
          statement: "Weights start so small that signals shrink from layer to layer.",
          prior: 0.2,
          clues: [
            {
              present: growth === null ? null : growth.ratio < 0.1,
              for: `activations shrink from a spread of ${say(growth?.first.std ?? 0)} to ${say(growth?.last.std ?? 0)} as well`,
              against: "activations do not shrink from layer to layer",
              weight: 4,
            },
          ],
        },
        {
          id: "dead-relu",
          statement: "Units that are 0 for every input pass no gradient.",
          prior: 0.1,
          clues: [{ present: fall.isSudden ? true : null, for: `most of it is lost at ${fall.layer}`, weight: 1.5 }],
        },
      ]),
      advice: [
        ...(bounded === null ? [] : [unboundedActivation(fall.layer)]),
        addNormalisation(fall.layer),
        scaleInitialization(fall.layer, false, options),
      ],
    },
  ];
}

const levelAt = ({ rows, level }: LossShape, step: number): number => {
  const row = rowBefore(rows, step);
  return row < 0 || row >= rows.length - nearRows ? level : levelOf(rows.value, row - nearRows, row + nearRows);
};

/** The watched rows at the end in which the gradient is lost; else those at the start, when they held the run up. Empty when there are none. */
function stretchOf(byRow: GradientFall["byRow"], shape: LossShape): { readonly row: number; readonly end: number } {
  const { length } = byRow;
  const isLost = (i: number): boolean => (byRow[i]?.ratio ?? 1) < vanishedRatio;
  let row = length;
  while (row > 0 && isLost(row - 1)) row -= 1;
  if (length - row >= fewestRows && shape.level > stuckShare * shape.initial) return { row, end: length };
  let end = 0;
  while (end < length && isLost(end)) end += 1;
  const from = byRow[0]?.step ?? 0;
  const to = byRow[length - 1]?.step ?? 0;
  const until = byRow[end - 1]?.step ?? from;
  const isHeldUp = until - from >= heldUpShare * (to - from) && levelAt(shape, until) > heldUpLevel * shape.initial;
  return end >= fewestFirstRows && end < length && isHeldUp ? { row: 0, end } : { row: 0, end: 0 };
}
