/** Which metric decides whether a change helped, and which direction of it is better. */
import type { RunData, SeriesData } from "../run-data.ts";
import {
  evalLoss,
  evalMetric,
  learningRate,
  reward,
  stepsPerSecond,
  throughput,
  trainLoss,
  type Signal,
} from "../signals.ts";

export type Better = "lower" | "higher";

/** How the value of one run is read from its series. */
export interface Metric {
  readonly series: string;
  readonly better: Better;
  /** Point by point at one step for what is evaluated; the mean of the last tenth for what each step prints. */
  readonly reading: "evaluated" | "streamed";
  /** A loss that ends above its start learned nothing: the start then counts; see `values.ts`. */
  readonly isLoss: boolean;
}

/** Rules whose fault is in speed: a loss would not show whether the change helped. */
const ofSpeed = new Set(["stalled-run", "throughput-drop", "input-bound", "straggler-rank"]);
/** Rules of reinforcement learning, where the loss says nothing and the reward all. */
const ofReward = new Set([
  "reward-signal-lost",
  "entropy-collapse",
  "length-explosion",
  "kl-blowup",
  "policy-collapse",
  "reference-mismatch",
]);

/** Preferred first. Held-out data before training data: a fix that only fits the training set better is none. */
export function signalsFor(rules: readonly string[]): readonly Signal[] {
  const usual = [evalLoss, evalMetric, trainLoss];
  if (rules.length > 0 && rules.every((rule) => ofSpeed.has(rule))) return [throughput, stepsPerSecond, ...usual];
  if (rules.some((rule) => ofReward.has(rule))) return [reward, evalMetric, evalLoss, trainLoss];
  return usual;
}

/** What must not get worse besides: whatever of these the runs hold. */
export const guardSignals: readonly Signal[] = [evalLoss, evalMetric, trainLoss, reward, throughput, stepsPerSecond];

/** The metric of that signal that most runs hold; the first by name among equals. */
export function commonSeries(runs: readonly RunData[], signal: Signal): string | undefined {
  const held = new Map<string, number>();
  for (const run of runs)
    for (const series of run.series)
      if (signal.matches(series.name, series.labels) && hasFinite(series))
        held.set(series.id, (held.get(series.id) ?? 0) + 1);
  return [...held].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))[0]?.[0];
}

const hasFinite = ({ value }: SeriesData): boolean => value.some((one) => Number.isFinite(one));

export function metricOf(series: string, better: Better | undefined): Metric | undefined {
  const name = series.replace(/\{.*$/, "");
  const direction = better ?? directionOf(name);
  if (direction === undefined) return undefined;
  const isHeldOut = /(^|[/_. -])(eval|val|valid|validation|test|dev)([/_. -]|$)/i.test(name) || /split=/.test(series);
  return {
    series,
    better: direction,
    reading: isHeldOut ? "evaluated" : "streamed",
    isLoss: direction === "lower" && /loss|perplexity|ppl|nll|cross_entropy/i.test(name),
  };
}

const lowerIsBetter =
  /(^|[/_. -])(loss|nll|cross_entropy|perplexity|ppl|bits_per_byte|bpb|error|err|wer|cer|ter|mae|mse|rmse|brier|ece|step_time|iter_time|time_per_step)(@\d+)?([/_. -]|$)/i;
const higherIsBetter =
  /(^|[/_. -])(acc(uracy)?|f1|bleu|rouge\w*|chrf\+*|exact_match|em|auc|roc_auc|mcc|ndcg\w*|mrr\w*|map\d*|recall\w*|precision\w*|reward\w*|score|hit_rate\w*|r2|pass|win_rate|throughput|tokens_per_sec(ond)?|samples_per_second|steps_per_second|it_per_s|tps|wps|mfu)(@\d+|@k)?([/_. -]|$)/i;

/** By the name; undefined when it says nothing. */
export function directionOf(name: string): Better | undefined {
  if (lowerIsBetter.test(name)) return "lower";
  return higherIsBetter.test(name) ? "higher" : undefined;
}

export const isLearningRate: Signal["matches"] = (name, labels) => learningRate.matches(name, labels);
