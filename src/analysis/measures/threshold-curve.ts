import type { Weights } from "../metric.ts";

/** Examples from the highest score down, to be cut at each score that occurs. */
export interface ThresholdCurve {
  /** Area under the curve of true over false positive rates, by trapezoids; NaN where a class is absent. */
  rocAuc(weights: Weights | null): number;
  /** Precision summed over the steps of recall, without interpolation; 0 without positives. */
  averagePrecision(weights: Weights | null): number;
}

/** `members` are the indices of the examples that count. */
export function thresholdCurve(
  members: readonly number[],
  scoreOf: (example: number) => number,
  isPositive: (example: number) => boolean,
): ThresholdCurve {
  const scores = Float64Array.from(members, scoreOf);
  const places = Uint32Array.from(members.keys()).sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0));
  const order = Uint32Array.from(places, (place) => members[place] ?? 0);
  const positive = Uint8Array.from(order, (example) => (isPositive(example) ? 1 : 0));
  /** 1 where the next example has a lower score, so that equal ones are cut together. */
  const isCut = Uint8Array.from(places, (place, at) => (scores[place] === scores[places[at + 1] ?? -1] ? 0 : 1));

  const walk = (weights: Weights | null, onCut: (hits: number, falseAlarms: number) => void): void => {
    let hits = 0;
    let falseAlarms = 0;
    for (let at = 0; at < order.length; at += 1) {
      const weight = weights === null ? 1 : (weights[order[at] ?? 0] ?? 0);
      if (positive[at] === 1) hits += weight;
      else falseAlarms += weight;
      if (isCut[at] === 1) onCut(hits, falseAlarms);
    }
  };

  return {
    rocAuc(weights) {
      let area = 0;
      let [hitsBefore, falseBefore] = [0, 0];
      walk(weights, (hits, falseAlarms) => {
        area += ((falseAlarms - falseBefore) * (hits + hitsBefore)) / 2;
        [hitsBefore, falseBefore] = [hits, falseAlarms];
      });
      return hitsBefore === 0 || falseBefore === 0 ? Number.NaN : area / (hitsBefore * falseBefore);
    },
    averagePrecision(weights) {
      let sum = 0;
      let hitsBefore = 0;
      let count = 0;
      walk(weights, (hits, falseAlarms) => {
        count = hits + falseAlarms;
        if (hits > hitsBefore) sum += ((hits - hitsBefore) * hits) / (hits + falseAlarms);
        hitsBefore = hits;
      });
      return count === 0 ? Number.NaN : hitsBefore === 0 ? 0 : sum / hitsBefore;
    },
  };
}
