import { layerPrefix } from "../../../../api/layers.ts";
import type { SeriesInfo } from "../../../../api/points.ts";
import { bandScale, linearScale, scaleOf, type HeatScale } from "../../../charts/heat.ts";

/** What stands behind `layer/` in the name of a series, with how it is shown. */
export interface Stat {
  readonly id: string;
  readonly title: string;
  /** One sentence for a person who sees the map for the first time. */
  readonly about: string;
  readonly scale: "log" | "linear" | "share" | "band";
  /** Which of several values in one column is telling. */
  readonly reduce: "max" | "min";
  /** Lines in the profile, with the words that stand at them. */
  readonly bounds?: readonly { readonly value: number; readonly word: string }[];
}

/** TheDeepChecker's band of update ratios. */
const updateBand = { low: 1e-4, high: 1e-1 } as const;

const stats: readonly Stat[] = [
  {
    id: "grad_norm",
    title: "Gradient norm",
    about: "Norm of the gradient of each module's own parameters, before clipping.",
    scale: "log",
    reduce: "max",
  },
  {
    id: "update_ratio",
    title: "Update ratio",
    about:
      "Size of one optimizer step over the size of the weights. Between 0.0001 and 0.1 is usual, near 0.001 is good.",
    scale: "band",
    reduce: "max",
    bounds: [
      { value: updateBand.low, word: "1e-4" },
      { value: updateBand.high, word: "0.1" },
    ],
  },
  {
    id: "activation_std",
    title: "Activation spread",
    about: "Standard deviation of each module's output; it should change little from the first layer to the last.",
    scale: "log",
    reduce: "max",
  },
  {
    id: "activation_abs_max",
    title: "Largest activation",
    about: "Largest absolute output of each module; above 65504 it overflows in fp16.",
    scale: "log",
    reduce: "max",
  },
  {
    id: "dead_share",
    title: "Dead units",
    about: "Share of a ReLU's units that are 0 for the whole batch.",
    scale: "share",
    reduce: "max",
    bounds: [{ value: 0.5, word: "0.5" }],
  },
  {
    id: "saturated_share",
    title: "Saturated outputs",
    about: "Share of tanh and sigmoid outputs within 1 % of their bounds.",
    scale: "share",
    reduce: "max",
    bounds: [{ value: 0.5, word: "0.5" }],
  },
  {
    id: "attention_logit_max",
    title: "Largest attention logit",
    about: "Largest product of query and key; training gets worse from about 1,000 on.",
    scale: "log",
    reduce: "max",
    bounds: [{ value: 1e3, word: "1e3" }],
  },
  {
    id: "attention_entropy",
    title: "Attention entropy",
    about: "Mean entropy of attention in nats; near 0 each place looks at one other only.",
    scale: "linear",
    reduce: "min",
  },
  {
    id: "non_finite",
    title: "Not finite",
    about: "How many NaN and infinite numbers each module made.",
    scale: "log",
    reduce: "max",
  },
  {
    id: "grad_rms",
    title: "Gradient RMS",
    about: "Root mean square of the gradient; compares between sizes of modules.",
    scale: "log",
    reduce: "max",
  },
  {
    id: "weight_norm",
    title: "Weight norm",
    about: "Norm of each module's own parameters.",
    scale: "log",
    reduce: "max",
  },
  {
    id: "update_rms",
    title: "Update RMS",
    about: "Gradient over Adam's second moment; far above 1 the second moment is stale.",
    scale: "log",
    reduce: "max",
  },
  {
    id: "activation_mean",
    title: "Activation mean",
    about: "Mean of each module's output.",
    scale: "linear",
    reduce: "max",
  },
  {
    id: "activation_zero_share",
    title: "Zero activations",
    about: "Share of outputs that are exactly 0.",
    scale: "share",
    reduce: "max",
  },
];

export const isLayerSeries = ({ name, labels }: SeriesInfo): boolean =>
  name.startsWith(layerPrefix) && labels["layer"] !== undefined;

/** The statistics that these series hold, the telling ones first, then what is not known here by its own name. */
export function statsOf(series: readonly SeriesInfo[]): Stat[] {
  const ids = new Set(series.filter(isLayerSeries).map(({ name }) => name.slice(layerPrefix.length)));
  const known = stats.filter(({ id }) => ids.has(id));
  const others = [...ids].filter((id) => !stats.some((stat) => stat.id === id)).toSorted();
  return [
    ...known,
    ...others.map((id): Stat => ({ id, title: id.replaceAll("_", " "), about: "", scale: "linear", reduce: "max" })),
  ];
}

export function heatScaleOf({ scale }: Stat, values: readonly (number | null)[]): HeatScale {
  if (scale === "band") return bandScale(updateBand.low, updateBand.high);
  return scale === "share" ? linearScale(0, 1) : scaleOf(scale, values);
}
