/** Chooses the metric that decides, and those that must not get worse besides. */
import type { RunData, SeriesData } from "../run-data.ts";
import {
  dataTime,
  evalLoss,
  evalMetric,
  reward,
  stepsPerSecond,
  stepTime,
  throughput,
  trainLoss,
  type Signal,
} from "../signals.ts";
import type { JudgedRun } from "./judged-run.ts";
import { metricOf, type Better, type Metric } from "./metric.ts";
import { ofSpeed } from "./touched.ts";

/** Rules by which the logged training loss is no loss: 0 for NaN, 0 without labels, a sum for a mean. */
const ofFalseLoss: ReadonlySet<string> = new Set(["masked-labels", "hidden-non-finite-loss", "accumulation-scaling"]);

const speed: readonly Signal[] = [throughput, stepsPerSecond, stepTime];
/** A stalled run is as fast as ever until it stops: it is judged by how far it came. */
const showsInSpeed = (rule: string): boolean => ofSpeed.has(rule) && rule !== "stalled-run";
const heldOut: readonly Signal[] = [evalLoss, evalMetric];

export interface Sides {
  readonly before: readonly JudgedRun[];
  readonly after: readonly JudgedRun[];
}

/** The first of the preferred signals that both sides hold; held-out data before training data. */
export function chooseMetric(sides: Sides, rules: readonly string[], better: Better | undefined): Metric | undefined {
  const runs = [...sides.before, ...sides.after].map(({ data }) => data);
  const preferred = [
    ...(rules.length > 0 && rules.every(showsInSpeed) ? [...speed, dataTime] : []),
    // Of a policy the loss says nothing and the reward all.
    ...(isPolicy(runs) ? [reward, evalMetric, evalLoss] : heldOut),
    ...(isPolicy(runs) || hasFalseLoss(sides) ? [] : [trainLoss]),
  ];
  for (const signal of preferred) {
    const series = commonSeries(runs, signal);
    const metric = series === undefined ? undefined : metricOf(series, better);
    if (series === undefined || metric === undefined) continue;
    // One run without it (it died before the first evaluation) does not rule it out; a whole side does.
    if ([sides.before, sides.after].every((side) => side.some(({ data }) => holds(data, series)))) return metric;
  }
  return undefined;
}

/**
 * Every other metric of these kinds that all runs hold. The training loss is none where held-out data or
 * rewards are watched: it rises by itself when memorising ends, and says nothing of a policy.
 */
export function guardsOf(sides: Sides, metric: Metric | undefined): Metric[] {
  const runs = [...sides.before, ...sides.after].map(({ data }) => data);
  const quality = [...heldOut, reward].filter((signal) => commonSeries(runs, signal) !== undefined);
  const signals = [...(quality.length === 0 && !hasFalseLoss(sides) ? [trainLoss] : quality), ...speed];
  const guards = new Map<string, Metric>();
  for (const signal of signals)
    for (const id of allSeries(runs, signal)) {
      const guard = metricOf(id, undefined);
      if (guard !== undefined && id !== metric?.series && runs.every((run) => holds(run, id))) guards.set(id, guard);
    }
  return [...guards.values()];
}

const isPolicy = (runs: readonly RunData[]): boolean =>
  runs.every((run) => [...run.series].some(({ name, labels }) => reward.matches(name, labels)));

const hasFalseLoss = ({ before, after }: Sides): boolean =>
  [...before, ...after].some(({ report }) => report.findings.some(({ rule }) => ofFalseLoss.has(rule)));

const holds = (data: RunData, id: string): boolean =>
  [...data.series].some((series) => series.id === id && series.length > 0);

/** How fast evaluation goes is no speed of training. */
const carries =
  (signal: Signal) =>
  ({ name, labels }: SeriesData): boolean =>
    signal.matches(name, labels) &&
    !(speed.includes(signal) && /(^|[/_. -])(eval|val|valid|validation|test)/i.test(name));

/** The metric of that signal that most runs hold as numbers; the first by name among equals. */
function commonSeries(runs: readonly RunData[], signal: Signal): string | undefined {
  const held = new Map<string, number>();
  for (const run of runs)
    for (const series of run.series)
      if (carries(signal)(series) && series.value.some((one) => Number.isFinite(one)))
        held.set(series.id, (held.get(series.id) ?? 0) + 1);
  return [...held].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))[0]?.[0];
}

const allSeries = (runs: readonly RunData[], signal: Signal): string[] =>
  [...new Set(runs.flatMap((run) => [...run.series].filter(carries(signal)).map(({ id }) => id)))].sort();
