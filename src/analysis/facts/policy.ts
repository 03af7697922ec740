import { at } from "../../base/statistics.ts";
import { defineFact, type Fact } from "../fact.ts";
import {
  clippedRatios,
  completionLength,
  entropy as entropySignal,
  longestCompletion,
  referenceKl,
  reward as rewardSignal,
  rewardMax,
  rewardMin,
  rewardStd,
  samplerGap as samplerGapSignal,
  type Signal,
  truncatedShare,
  updateKl as updateKlSignal,
  zeroStdShare,
} from "../signals.ts";
import { type Curve, whole } from "./curve.ts";
import { options } from "./options.ts";
import { plainest, type Track, trackOf, trackOfFact } from "./track.ts";
import { objective } from "./trainer.ts";

/** A variational autoencoder logs a KL as well; a policy also logs a reward, an entropy or lengths. */
const isPolicy = defineFact<boolean>({
  id: "reinforcement",
  derive: (run, get) =>
    get(objective) === "reinforcement" &&
    [rewardSignal, rewardStd, zeroStdShare, completionLength, entropySignal].some((one) => run.series(one).length > 0),
});

/** The curves of reinforcement learning on a language model, each with its smoothed form. */
const policyTrack = (id: string, signal: Signal): Fact<Track> =>
  trackOfFact(
    defineFact<Curve>({
      id,
      derive(run, get) {
        if (get(isPolicy) !== true) return undefined;
        const series = plainest(run.series(signal));
        return series === undefined ? undefined : whole(series);
      },
    }),
  );

export const reward = policyTrack("reward", rewardSignal);
const loggedSpread = policyTrack("reward_std", rewardStd);
const highestReward = policyTrack("critic/score/max", rewardMax);
const lowestReward = policyTrack("critic/score/min", rewardMin);

/** Deviation of the rewards of a batch, or their range where only the extremes are logged. */
export const rewardSpread = defineFact<Track>({
  id: "reward_std",
  derive(_run, get) {
    const logged = get(loggedSpread);
    if (logged !== undefined) return logged;
    const [high, low] = [get(highestReward), get(lowestReward)];
    if (high === undefined || low === undefined || high.length !== low.length) return undefined;
    return trackOf({
      series: high.series,
      step: high.step,
      time: high.time,
      value: high.value.map((value, i) => value - at(low.value, i)),
      length: high.length,
    });
  },
});
export const flatGroups = policyTrack("frac_reward_zero_std", zeroStdShare);
export const kl = policyTrack("kl", referenceKl);
export const updateKl = policyTrack("approx_kl", updateKlSignal);
export const entropy = policyTrack("entropy", entropySignal);
export const meanLength = policyTrack("completions/mean_length", completionLength);
export const truncated = policyTrack("completions/clipped_ratio", truncatedShare);
export const clipped = policyTrack("clip_ratio", clippedRatios);
export const samplerGap = policyTrack("sampling_logp_difference", samplerGapSignal);
const longest = policyTrack("completions/max_length", longestCompletion);

/** The most tokens that a completion may have: as configured, or the longest one when many were cut there. */
export const lengthLimit = defineFact<number>({
  id: "max_completion_length",
  derive(_run, get) {
    const configured = get(options)?.number("completion_length");
    if (configured !== undefined && configured > 0) return configured;
    const seen = get(longest);
    const cut = get(truncated);
    if (seen === undefined || cut === undefined) return undefined;
    let limit = 0;
    let isCut = false;
    for (let i = 0; i < seen.length; i++) limit = Math.max(limit, at(seen.value, i));
    for (let i = 0; i < cut.length; i++) isCut ||= at(cut.value, i) > 0;
    return isCut && limit > 0 ? limit : undefined;
  },
});
