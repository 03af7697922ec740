import { at, median } from "../../base/statistics.ts";
import { defineFact, type RunView } from "../fact.ts";
import type { SeriesData } from "../run-data.ts";
import { gradNorm, parametersHash, type Signal, stepTime, throughput } from "../signals.ts";

/** One metric of several ranks: the series that carry the label `rank`, of the name that most of them share. */
function ranksOf(run: RunView, signal: Signal): SeriesData[] {
  const byName = new Map<string, SeriesData[]>();
  for (const series of run.series(signal)) {
    if (!isRank(series.labels["rank"])) continue;
    const { rank: _rank, ...others } = series.labels;
    const key = `${series.name} ${JSON.stringify(others)}`;
    byName.set(key, [...(byName.get(key) ?? []), series]);
  }
  let best: SeriesData[] = [];
  for (const group of byName.values()) if (group.length > best.length) best = group;
  return best.length > 1 ? best : [];
}

const isRank = (label: string | undefined): label is string => label !== undefined && /^\d+$/.test(label);
const rankOf = (series: SeriesData): number => Number(series.labels["rank"] ?? Number.NaN);

/** The rank that the others wait for. */
export interface Straggler {
  readonly rank: number;
  readonly series: SeriesData;
  readonly ranks: number;
  /** Time that the slowest rank loses, as a share of its step, and the score of NVRx: usual time over its own. */
  readonly share: number;
  readonly own: number;
  readonly others: number;
  readonly row: number;
  readonly step: number;
  readonly rows: number;
}

/**
 * Rows that the judgement is on: of a short log the last third, so that a rank which fell behind in its second half is
 * not hidden by the first.
 */
const judgedRows = 20;
const judgedShare = 1 / 3;
const fewestJudgedRows = 10;
const fewestRows = 15;
/** The same rank must be the slowest in this share of them: chance changes. */
const slowestShare = 0.7;
/** ... of fewer than 15 nearly all: of two equal ranks one is slowest in 7 of 10 by chance once in six. */
const slowestShareOfFew = 0.9;
const few = 15;
/** TraceML warns at a tenth. */
const leastShare = 0.1;
const smoothRows = 5;

/** `null`: the ranks are alike. */
export const straggler = defineFact<Straggler | null>({
  id: "step time with a label rank",
  derive(run) {
    const times = ranksOf(run, stepTime);
    const isTime = times.length > 0;
    const all = isTime ? times : ranksOf(run, throughput);
    const [first] = all;
    if (first === undefined) return undefined;
    const rows = Math.min(...all.map((series) => series.length));
    if (rows < fewestRows) return undefined;
    const timeOf = (series: SeriesData, i: number): number => (isTime ? at(series.value, i) : 1 / at(series.value, i));
    const judged = Math.min(judgedRows, Math.max(fewestJudgedRows, Math.floor(judgedShare * rows)));
    const from = rows - judged;
    const wins = new Map<SeriesData, number>();
    for (let i = from; i < rows; i++) {
      let slowest = first;
      for (const series of all) if (timeOf(series, i) > timeOf(slowest, i)) slowest = series;
      wins.set(slowest, (wins.get(slowest) ?? 0) + 1);
    }
    const [worst, count] = [...wins].reduce((a, b) => (b[1] > a[1] ? b : a));
    if (count < (judged < few ? slowestShareOfFew : slowestShare) * judged) return null;
    const othersAt = (i: number): number =>
      median(all.filter((series) => series !== worst).map((series) => timeOf(series, i)));
    const shareAt = (i: number): number => 1 - othersAt(i) / timeOf(worst, i);
    const range = (start: number, end: number, of: (i: number) => number): number =>
      median(Array.from({ length: end - start }, (_, k) => of(start + k)));
    const share = range(from, rows, shareAt);
    if (!(share >= leastShare)) return null;
    let row = rows - 1;
    while (row >= smoothRows && range(row - smoothRows, row, shareAt) >= share / 2) row -= 1;
    if (row < smoothRows) row = 0;
    else {
      while (row < rows - 1 && shareAt(row) < share / 2) row += 1;
      while (row > 0 && shareAt(row - 1) >= share / 2) row -= 1;
    }
    return {
      rank: rankOf(worst),
      series: worst,
      ranks: all.length,
      share,
      own: range(from, rows, (i) => at(worst.value, i)),
      others: range(from, rows, (i) => median(all.filter((one) => one !== worst).map((one) => at(one.value, i)))),
      row,
      step: at(worst.step, row),
      rows: rows - row,
    };
  },
});

/** Replicas that should be equal and are not. */
export interface Desync {
  readonly what: "hash" | "grad_norm";
  readonly step: number;
  readonly layer: string | null;
  readonly rank: number;
  readonly ranks: number;
  readonly series: SeriesData;
  readonly value: number;
  readonly other: SeriesData;
  readonly otherValue: number;
  /** Whether all others agree with each other. */
  readonly isAlone: boolean;
  /** Steps that were compared and equal before. */
  readonly equalBefore: number;
  /** Of the layers compared at that step, how many differ; null where there is one hash for all. */
  readonly layers: { readonly different: number; readonly all: number } | null;
}

/** After an all-reduce every rank has the same gradient norm, up to the order of summation. */
const equalNorm = 1e-4;
const differentNorm = 0.01;
const lastingRows = 5;

export const desync = defineFact<Desync | null>({
  id: "parameters/hash (llmdbg.watch) or grad_norm, with a label rank",
  derive(run) {
    const groups = new Map<string, SeriesData[]>();
    for (const series of run.series(parametersHash)) {
      if (!isRank(series.labels["rank"])) continue;
      const layer = series.labels["layer"] ?? "";
      groups.set(layer, [...(groups.get(layer) ?? []), series]);
    }
    const replicated = [...groups].filter(([, all]) => all.length > 1);
    const norms = ranksOf(run, gradNorm);
    if (replicated.length === 0 && norms.length === 0) return undefined;
    const found = replicated.flatMap(([layer, all]) => firstDifference(all, "hash", layer === "" ? null : layer));
    found.sort((a, b) => a.step - b.step || Number(a.layer !== null) - Number(b.layer !== null));
    const [first] = found;
    if (first !== undefined) {
      const layered = replicated.filter(([layer]) => layer !== "").length;
      const different = found.filter(({ layer, step }) => layer !== null && step === first.step);
      const named = first.layer === null ? (different[0]?.layer ?? null) : first.layer;
      return { ...first, layer: named, layers: layered === 0 ? null : { different: different.length, all: layered } };
    }
    return firstDifference(norms, "grad_norm", null)[0] ?? null;
  },
});

function firstDifference(all: readonly SeriesData[], what: Desync["what"], layer: string | null): Desync[] {
  const columns = all.map((series) => new Map(Array.from(series.step, (step, i) => [step, at(series.value, i)])));
  const [reference] = all;
  if (reference === undefined) return [];
  let equalBefore = 0;
  let different = 0;
  let first: Desync | null = null;
  for (const step of reference.step) {
    const values = columns.map((column) => column.get(step) ?? Number.NaN);
    const known = values.filter((value) => Number.isFinite(value));
    if (known.length < 2) continue;
    const spread = (Math.max(...known) - Math.min(...known)) / Math.max(1e-30, Math.abs(median(known)));
    const differs = what === "hash" ? spread > 0 : spread > differentNorm;
    if (!differs) {
      if (what === "hash" || spread <= equalNorm) equalBefore += 1;
      // Norms of other ranks may be noted before the all-reduce; only what was equal can come apart.
      if (what === "hash" && first !== null) continue;
      first = null;
      different = 0;
      continue;
    }
    different += 1;
    if (first === null) {
      const odd = oddOneOut(values);
      const series = all[odd];
      const otherIndex = values.findIndex(
        (value, i) => i !== odd && Number.isFinite(value) && value !== at(values, odd),
      );
      const other = all[otherIndex] ?? reference;
      if (series === undefined) continue;
      first = {
        what,
        step,
        layer,
        rank: rankOf(series),
        ranks: all.length,
        series,
        value: at(values, odd),
        other,
        otherValue: at(values, otherIndex),
        isAlone: known.length > 2 && new Set(known).size === 2,
        equalBefore,
        layers: null,
      };
    }
  }
  if (first === null) return [];
  if (what === "grad_norm" && (first.equalBefore < lastingRows || different < lastingRows)) return [];
  return [first];
}

/** The value that fewest share; of two ranks the second. */
function oddOneOut(values: readonly number[]): number {
  let odd = values.length - 1;
  let fewest = Number.POSITIVE_INFINITY;
  values.forEach((value, i) => {
    const count = values.filter((other) => other === value).length;
    if (Number.isFinite(value) && count <= fewest) {
      fewest = count;
      odd = i;
    }
  });
  return odd;
}
