import { at, median, noiseOf, quantile } from "../../base/statistics.ts";
import type { Standing } from "../../model/standing.ts";
import { defineFact, type Get, type RunView } from "../fact.ts";
import type { Curve } from "../facts/curve.ts";
import { gradNorm } from "../facts/grad-norm.ts";
import { loss } from "../facts/loss.ts";
import { vocabularySize } from "../facts/options.ts";
import { settledOf } from "../facts/settled.ts";
import { objective, rewardModelling } from "../facts/trainer.ts";

/** Runs are only compared with runs of their kind: a policy gradient and a language model have nothing in common. */
export type Kind = "language" | "supervised" | "preference" | "reinforcement";

export interface Statistic {
  readonly id: Standing["statistic"];
  readonly series: string;
  readonly value: number;
}

export interface RunStatistics {
  readonly kind: Kind;
  readonly statistics: readonly Statistic[];
}

/** Fewer rows have no usual value. */
const fewestRows = 20;
/** The start of a run (warm-up, the fall from chance) is left out. */
const startShare = 0.1;
/** More rows than this are thinned evenly: a median of 2,000 is as good, and a live run is asked again and again. */
const mostRows = 2_000;

const settledNorms = settledOf(gradNorm);
const settledLosses = settledOf(loss);

export const runStatistics = defineFact<RunStatistics>({
  id: "grad_norm or loss, 20 rows of it",
  derive(run, get) {
    const norms = get(settledNorms);
    const losses = get(settledLosses);
    const statistics = [
      ...(norms === undefined ? [] : ofNorms(norms)),
      ...(losses === undefined ? [] : ofLosses(losses)),
    ].filter(({ value }) => Number.isFinite(value));
    return statistics.length === 0 ? undefined : { kind: kindOf(run, get), statistics };
  },
});

function kindOf(run: RunView, get: Get): Kind {
  const aim = get(objective);
  if (aim === "preference" || aim === "reinforcement") return aim;
  // However long its answers may be, it is a classifier of pairs.
  if (get(rewardModelling) === true) return "supervised";
  const hasVocabulary = get(vocabularySize) !== undefined;
  return hasVocabulary ||
    run.config("max_length", "block_size", "seq_len", "sequence_length", "n_positions") !== undefined
    ? "language"
    : "supervised";
}

function ofNorms(curve: Curve): Statistic[] {
  const values = thinned(curve).filter((value) => value > 0);
  if (values.length < fewestRows) return [];
  const quarter = Math.floor(values.length / 4);
  const usual = median(values);
  const { series } = curve;
  return [
    { id: "usual", series, value: usual },
    { id: "peaks", series, value: quantile(values, 0.95) / usual },
    {
      id: "drift",
      series,
      value: median(values.subarray(3 * quarter)) / median(values.subarray(quarter, 2 * quarter)),
    },
  ];
}

function ofLosses(curve: Curve): Statistic[] {
  const values = thinned(curve);
  if (values.length < fewestRows) return [];
  const late = values.subarray(Math.floor(values.length / 2));
  return [{ id: "noise", series: curve.series, value: noiseOf(late) / Math.abs(median(late)) }];
}

function thinned(curve: Curve): Float64Array {
  const first = Math.floor(curve.length * startShare);
  const stride = Math.max(1, (curve.length - first) / mostRows);
  const kept = Float64Array.from({ length: Math.floor((curve.length - first) / stride) }, (_, i) =>
    at(curve.value, first + Math.floor(i * stride)),
  );
  return kept.filter(Number.isFinite);
}
