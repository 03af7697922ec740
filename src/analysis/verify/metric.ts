/** What a metric is to a comparison: which direction of it is better, and how one value of a run is read. */
import { learningRate, type Signal } from "../signals.ts";

export type Better = "lower" | "higher";

/** How the value of one run is read from its series. */
export interface Metric {
  readonly series: string;
  readonly better: Better;
  /** Point by point at one step for what is evaluated; the mean of the last tenth for what each step prints. */
  readonly reading: "evaluated" | "streamed";
  /** A loss that ends above its start learned nothing: the start then counts; see `values.ts`. */
  readonly isLoss: boolean;
  /** Of the program's speed, which other programs on the machine move as well. */
  readonly isSpeed: boolean;
}

export function metricOf(series: string, better: Better | undefined): Metric | undefined {
  const name = series.replace(/\{.*$/, "");
  const direction = better ?? directionOf(name);
  if (direction === undefined) return undefined;
  const isHeldOut = /(^|[/_. -])(eval|val|valid|validation|test|dev)([/_. -]|$)/i.test(name) || /split=/.test(series);
  return {
    series,
    better: direction,
    reading: isHeldOut ? "evaluated" : "streamed",
    isSpeed: speedName.test(name),
    isLoss: direction === "lower" && /loss|perplexity|ppl|nll|cross_entropy/i.test(name),
  };
}

const speedName =
  /(throughput|tokens_per_sec|samples_per_sec|steps_per_sec|it_per_s|(^|[/_. ])(tps|wps|ups|mfu)$|step_time|iter_time|time_per_step|sec_per_it|runtime|data_time)/i;
const lowerIsBetter =
  /(^|[/_. -])(loss|nll|cross_entropy|perplexity|ppl|bits_per_byte|bpb|error|err|wer|cer|ter|mae|mse|rmse|brier|ece|step_time|iter_time|time_per_step|data_time)(@\d+)?([/_. -]|$)/i;
const higherIsBetter =
  /(^|[/_. -])(acc(uracy)?|f1|bleu|rouge\w*|chrf\+*|exact_match|em|auc|roc_auc|mcc|ndcg\w*|mrr\w*|map\d*|recall\w*|precision\w*|reward\w*|score|hit_rate\w*|r2|pass|win_rate|throughput|tokens_per_sec(ond)?|samples_per_second|steps_per_second|it_per_s|tps|wps|mfu)(@\d+|@k)?([/_. -]|$)/i;

/** By the name; undefined when it says nothing. */
export function directionOf(name: string): Better | undefined {
  if (lowerIsBetter.test(name)) return "lower";
  return higherIsBetter.test(name) ? "higher" : undefined;
}

export const isLearningRate: Signal["matches"] = (name, labels) => learningRate.matches(name, labels);
