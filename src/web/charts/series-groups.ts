import { evalLoss, gradNorm, isLayerSeries, learningRate, trainLoss, type Signal } from "../../analysis/signals.ts";
import type { SeriesInfo } from "../../api/points.ts";

/** All series of one metric: one chart. */
export interface Metric {
  readonly name: string;
  readonly series: readonly SeriesInfo[];
}

/** Metrics with one prefix: one row of small multiples. */
export interface MetricGroup {
  readonly name: string;
  readonly metrics: readonly Metric[];
}

const families = ["train", "eval", "val", "valid", "validation", "test", "dev", "system", "gpu", "timing"];
const leading: readonly Signal[] = [trainLoss, evalLoss, gradNorm, learningRate];
/** Charts a person looks at first come first; the machine's own figures last. */
const groupOrder = ["metrics", "train", "eval", "val", "valid", "validation", "test", "dev"];
const lastGroups = ["timing", "gpu", "system"];

/** What stands before the first `/`, or a known family before the first `_`; the rest is `metrics`. */
export function prefixOf(name: string): string {
  const slash = name.indexOf("/");
  if (slash > 0) return name.slice(0, slash);
  const family = /^([a-z]+)_./i.exec(name)?.[1]?.toLowerCase();
  return family !== undefined && families.includes(family) ? family : "metrics";
}

export function groupSeries(series: readonly SeriesInfo[]): MetricGroup[] {
  const groups = new Map<string, Map<string, SeriesInfo[]>>();
  for (const one of series) {
    // Thousands of layers have a map of their own; counts of all of them are told by findings.
    if (isLayerSeries(one.name)) continue;
    const group = prefixOf(one.name);
    const metrics = groups.get(group) ?? new Map<string, SeriesInfo[]>();
    groups.set(group, metrics);
    const members = metrics.get(one.name) ?? [];
    metrics.set(one.name, members);
    members.push(one);
  }
  return [...groups]
    .map(([name, metrics]) => ({
      name,
      metrics: [...metrics]
        .map(([metric, members]) => ({ name: metric, series: members.toSorted((a, b) => order(a.id, b.id)) }))
        .toSorted((a, b) => weight(a.name) - weight(b.name) || order(a.name, b.name)),
    }))
    .toSorted((a, b) => groupWeight(a.name) - groupWeight(b.name) || order(a.name, b.name));
}

/** Counters and clocks of the run itself; seldom what a person came for. */
const bookkeeping = /(^|[/_])(epoch|total_flos|runtime|samples_per_second|steps_per_second|num_tokens|tokens_seen)$/i;

function weight(name: string): number {
  const index = leading.findIndex((signal) => signal.matches(name, {}));
  if (index !== -1) return index;
  return bookkeeping.test(name) ? leading.length + 1 : leading.length;
}

function groupWeight(name: string): number {
  const early = groupOrder.indexOf(name.toLowerCase());
  if (early !== -1) return early - groupOrder.length;
  return 1 + lastGroups.indexOf(name.toLowerCase());
}

/** Layers and ranks count: `layer.2` stands before `layer.10`. */
const collator = new Intl.Collator("en", { numeric: true });
const order = (a: string, b: string): number => collator.compare(a, b);

/** What tells a series from the others of its metric: its labels, in words. */
export const labelText = (series: SeriesInfo): string =>
  Object.entries(series.labels)
    .map(([key, value]) => `${key} ${value}`)
    .join(", ");
