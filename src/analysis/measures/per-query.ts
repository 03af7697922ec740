import type { Rankings, RankedQuery } from "../../model/ranking.ts";
import type { Measure, NotMeasurable } from "../metric.ts";
import { measureOfMean } from "./sums.ts";

/** The first k of a list, as far as they are judged. */
export interface TopOfList {
  /** Gain of each of the first k; 0 where it is not judged or the list is shorter. */
  readonly gains: Float64Array;
  /** Relevant items, ranked or not. */
  readonly relevant: number;
  /** Gains of the relevant items, highest first. */
  readonly ideal: Float64Array;
}

function topOfList({ judged, ranked }: RankedQuery, k: number): TopOfList {
  const gains = new Float64Array(k);
  for (let place = 0; place < Math.min(k, ranked.length); place += 1)
    gains[place] = Math.max(0, judged.get(ranked[place]?.item ?? "") ?? 0);
  const ideal = Float64Array.from([...judged.values()].filter((gain) => gain > 0))
    .sort()
    .reverse();
  return { gains, relevant: ideal.length, ideal };
}

/**
 * The mean over queries of a number from 0 to 1. A query without an answer counts as 0, as with `trec_eval -c`, and so
 * does one without a relevant item.
 */
export function perQuery(
  { name, convention }: { readonly name: string; readonly convention: string },
  { rankings, k }: { readonly rankings: Rankings; readonly k: number },
  value: (top: TopOfList) => number,
): readonly Measure[] | NotMeasurable {
  if (!rankings.units.some(({ judged }) => judged.size > 0))
    return { missing: ["judged items (qrels or test ratings)"] };
  const values = Float64Array.from(rankings.units, (query) => {
    const top = topOfList(query, k);
    return top.relevant === 0 ? 0 : value(top);
  });
  const signature = `${name}|k:${k}|${convention}|unanswered:0|${rankings.protocol}`;
  return [measureOfMean({ name: `${name}@${k}`, signature, better: "higher" }, values, (each) => 1 - each)];
}

export const hitsOf = (gains: Float64Array): number => gains.reduce((hits, gain) => hits + (gain > 0 ? 1 : 0), 0);
