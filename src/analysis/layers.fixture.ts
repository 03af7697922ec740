/** Layer series made of seeded noise, for tests: what `llmdbg.watch` logs of a small transformer. */
import type { SeriesPoints } from "../model/series.ts";
import { healthyRows, random, type Random, type Story, usualShape } from "./synthetic.fixture.ts";

export const layerNames: readonly string[] = [
  "embed",
  ...[0, 1, 2, 3].flatMap((i) => [
    `blocks.${i}.attn.qkv`,
    `blocks.${i}.attn.proj`,
    `blocks.${i}.mlp.fc`,
    `blocks.${i}.mlp.out`,
  ]),
  "head",
];
export const watchedSteps: readonly number[] = Array.from({ length: 40 }, (_, i) => 50 * (i + 1));

/** `(row, layer)` -> value; undefined is no point. */
export type Values = (row: number, layer: string, depth: number) => number | undefined;

export function layerSeries(
  stat: string,
  values: Values,
  { layers = layerNames, steps = watchedSteps, labels = {} as Readonly<Record<string, string>> } = {},
): SeriesPoints[] {
  return layers.flatMap((layer, depth) => {
    const points = steps.flatMap((step, row) => {
      const value = values(row, layer, depth);
      return value === undefined ? [] : [{ step, value }];
    });
    if (points.length === 0) return [];
    return [
      {
        name: `layer/${stat}`,
        labels: { layer, ...labels },
        step: Float64Array.from(points, (point) => point.step),
        time: Float64Array.from(points, (point) => 1_700_000_000_000 + point.step * 100),
        value: Float64Array.from(points, (point) => point.value),
      },
    ];
  });
}

const around = (next: Random, center: number, spread = 0.1): number => center * Math.exp(spread * next.normal());
const isMlp = (layer: string): boolean => layer.endsWith("mlp.fc");
const isAttention = (layer: string): boolean => layer.endsWith("attn.qkv");

/** Statistics that a test replaces; the others are those of a healthy run. */
export type Changes = Readonly<Partial<Record<(typeof stats)[number], Values>>>;
const stats = [
  "grad_norm",
  "grad_rms",
  "weight_norm",
  "update_ratio",
  "activation_std",
  "activation_abs_max",
  "dead_share",
  "saturated_share",
  "attention_logit_max",
  "attention_entropy",
] as const;

/** A healthy run of a decoder with ReLU, watched every 50th step; gradients and updates fade with the learning rate. */
export function watchedStory(seed: number, changes: Changes = {}): Story {
  const next = random(seed);
  const fade = (row: number): number => 1 - row / watchedSteps.length;
  const usual: Readonly<Record<(typeof stats)[number], Values>> = {
    grad_norm: (row, layer) => around(next, (layer === "embed" ? 0.02 : 0.2) * (1 + 1 / (row + 1)), 0.2),
    grad_rms: (_row, layer) => around(next, layer === "embed" ? 1e-5 : 4e-4, 0.2),
    weight_norm: (row) => around(next, 12 + row / 10, 0.001),
    update_ratio: (row) => around(next, row === 0 ? 3e-4 : 3e-3 * fade(row) + 1e-7),
    activation_std: (_row, _layer, depth) => around(next, 0.7 + depth / 30, 0.03),
    activation_abs_max: (row) => around(next, 6 + row / 10),
    dead_share: (row, layer) => (isMlp(layer) ? Math.min(0.35, 0.02 + row / 200 + 0.02 * next.uniform()) : undefined),
    saturated_share: (_row, layer) => (layer === "head" ? 0.7 : isAttention(layer) ? 0.03 * next.uniform() : undefined),
    attention_logit_max: (row, layer) => (isAttention(layer) ? around(next, 4 + row / 4) : undefined),
    attention_entropy: (row, layer) => (isAttention(layer) ? around(next, 3.5 - row / 30, 0.02) : undefined),
  };
  const rows = healthyRows(next, usualShape);
  const series = stats.flatMap((stat) => {
    const change = changes[stat];
    return layerSeries(stat, (row, layer, depth) => change?.(row, layer, depth) ?? usual[stat](row, layer, depth));
  });
  return { rows, series, config: { learning_rate: 1e-3, max_grad_norm: 1 } };
}

export interface BadTensor {
  readonly step: number;
  readonly layer?: string;
  readonly phase?: "forward" | "backward" | "optimizer";
  readonly rest?: string;
}

/** The record that says where the first bad number was made. */
export const nonFiniteRecord = ({ step, layer = "blocks.2.mlp.fc", phase = "forward", rest }: BadTensor) =>
  ({
    level: "error",
    logger: "llmdbg.watch",
    step,
    message: `first non-finite tensor layer=${layer} phase=${phase} ${rest ?? "tensor=output class=Linear nan=64 inf=0 of=4096 input_finite=true input_abs_max=3.2 producer=blocks.2.attn.proj"}`,
    exception: [
      "#0 embed (Embedding) output abs_max=0.08 finite=4096/4096",
      "#1 blocks.2.attn.proj (Linear) input abs_max=2.1 finite=4096/4096 output abs_max=3.2 finite=4096/4096",
      `#2 ${layer} (Linear) input abs_max=3.2 finite=4096/4096 output nan=64 inf=0 of=4096`,
    ].join("\n"),
  }) as const;

/** Watched runs by name, for pictures: what each rule on layers finds, and what it leaves in peace. */
export const layerStories: ReadonlyMap<string, () => Story> = new Map([
  [
    "saturated",
    () =>
      watchedStory(1, {
        saturated_share: (row, layer) =>
          layer === "blocks.2.attn.qkv" && row >= 12 ? Math.min(0.88, 0.5 + (row - 12) / 20) : undefined,
      }),
  ],
  ["sureOutput", () => watchedStory(1, { saturated_share: (_row, layer) => (layer === "head" ? 0.97 : undefined) })],
  [
    "notOptimized",
    () => watchedStory(1, { update_ratio: (_row, layer) => (layer === "blocks.1.mlp.out" ? 0 : undefined) }),
  ],
  ["watched", () => watchedStory(1)],
  ["largeUpdates", () => watchedStory(1, { update_ratio: (row) => 0.4 - row / 200 })],
]);
