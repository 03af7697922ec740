import { at } from "../../base/statistics.ts";
import { defineFact } from "../fact.ts";
import { rowBefore } from "./curve.ts";
import { entropy, kl } from "./policy.ts";
import { departure, lastingFrom, type Track, trackOf } from "./track.ts";

/** The policy writes what the reference model would not, and not merely fewer of the things that it would. */
export interface Estrangement {
  /** KL divergence beyond the entropy that was lost, in nats per token. */
  readonly rows: Track;
  readonly row: number;
  readonly step: number;
}

/**
 * KL(policy, reference) is how improbable the policy's text is to the reference, less the policy's own entropy. A policy
 * that settles on a few of the reference's likely answers gains as much KL as it loses entropy; what goes beyond that
 * makes its text less likely to the reference. One nat is a factor of e for each token. Of the recorded healthy runs
 * with both curves (grpo, rlhf) the highest running median is 0.66, and none ends above 0.2.
 */
const bar = 1;
const lastingRows = 5;
/** PPO's `objective/kl` sums over the answer; an entropy is of one token. */
const isPerToken = (series: string): boolean => !/objective\/kl/.test(series);

/** `null`: it is not so. */
export const estrangement = defineFact<Estrangement | null>({
  id: "kl and entropy",
  derive(_run, get) {
    const [distance, entropies] = [get(kl), get(entropy)];
    if (distance === undefined || entropies === undefined || !isPerToken(distance.series)) return undefined;
    const [from, random] = [
      Math.min(distance.start, at(distance.value, 0)),
      Math.max(entropies.start, at(entropies.value, 0)),
    ];
    const rows = trackOf({
      ...distance,
      value: distance.value.map((value, i) => {
        const row = rowBefore(entropies, at(distance.step, i));
        // A policy that becomes more random than it was is entropy-collapse's.
        return row < 0 ? Number.NaN : value - from - Math.max(0, random - at(entropies.value, row));
      }),
    });
    if (rows === undefined) return undefined;
    const reached = lastingFrom(rows, (value) => value >= bar);
    if (reached < 0 || rows.length - reached < lastingRows) return null;
    const row = departure(rows, reached, 0, at(rows.smooth, reached));
    return { rows, row, step: at(rows.step, row) };
  },
});
