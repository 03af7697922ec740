import { at, median } from "../../base/statistics.ts";
import { rank } from "../causes.ts";
import { defineFact } from "../fact.ts";
import { options } from "../facts/options.ts";
import { clipped, kl, updateKl } from "../facts/policy.ts";
import { chosen, rejected } from "../facts/preference.ts";
import type { Track } from "../facts/track.ts";
import { say } from "../numbers.ts";
import { defineRule } from "../rule.ts";

/** One row to see, and others to tell a start far away from a fast departure, and from noise. */
const leastRows = 3;
const leastPreferenceRows = 6;
/**
 * Nats per token at the first row. Rounding between bf16 forward passes, and between sampler and trainer,
 * makes up to about 0.01; one update of a healthy run adds less than that again.
 */
const leastKl = 0.05;
/** PPO's objective/kl is a sum over the answer. */
const leastKlPerAnswer = 1;
/** Implicit rewards are beta times a log ratio of a whole answer; at the first row that is 0 but for rounding. */
const leastReward = 0.2;
/** ... and small batches of pairs scatter by their own noise. */
const rewardNoise = 4;
/** A policy that departs is several times as far in the rows that follow; one that was far away is not. */
const stillShare = 0.5;
/** A first row that holds more updates than this one may have moved; it must stand as far as the rows that follow. */
const firstSteps = 2;
const lateShare = 0.8;
const followingRows = 9;
/** Rows logged later than this are no start: the first of them is an average over updates. */
const latestStart = 20;

/** A first step that clips this many ratios, or moves the policy by this share of the distance, made it itself. */
const movedClips = 0.1;
const movedShare = 0.25;

interface Distance {
  readonly rows: Track;
  readonly first: number;
  readonly what: string;
  readonly isFar: boolean;
}

const startDistance = defineFact<Distance>({
  id: "kl or rewards/chosen, from the first step on",
  derive(_run, get) {
    const divergence = get(kl);
    const rewards = [get(chosen), get(rejected)].filter((track) => track !== undefined);
    const track = divergence ?? rewards.sort((a, b) => Math.abs(at(b.value, 0)) - Math.abs(at(a.value, 0)))[0];
    if (
      track === undefined ||
      track.length < (divergence === undefined ? leastPreferenceRows : leastRows) ||
      at(track.step, 0) > latestStart
    )
      return undefined;
    const first = at(track.value, 0);
    const later = median(track.value.subarray(1, 1 + followingRows).map(Math.abs));
    const moved = divergence === undefined ? 0 : Math.abs(get(updateKl)?.value[0] ?? 0);
    const clips = divergence === undefined ? 0 : (get(clipped)?.value[0] ?? 0);
    const isMoved = clips >= movedClips || moved >= movedShare * Math.abs(first);
    const isLate = divergence === undefined && at(track.step, 0) > firstSteps;
    const least =
      divergence === undefined
        ? Math.max(leastReward, rewardNoise * track.noise)
        : /objective\/kl/.test(track.series)
          ? leastKlPerAnswer
          : leastKl;
    return {
      rows: track,
      first,
      what: divergence === undefined ? `The implicit reward ${track.series}` : "KL divergence to the reference model",
      isFar:
        !isMoved &&
        Math.abs(first) >= (isLate ? Math.max(1, least) : least) &&
        Math.abs(first) >= (isLate ? lateShare : stillShare) * later,
    };
  },
});

export const referenceMismatch = defineRule({
  id: "reference-mismatch",
  title: "The reference is not the model training starts from",
  why: "The penalty pulls the policy towards another model, and every reward is measured from there.",
  needs: { start: startDistance, options },
  check({ start, options: settings }) {
    if (!start.isFar) return [];
    const { rows, first } = start;
    const step = at(rows.step, 0);
    return [
      {
        severity: "error",
        message: `${start.what} is ${say(first)} at the first logged step (${step}), before training could move the policy; of a model to itself it is 0.`,
        onset: { step },
        end: null,
        recovered: false,
        evidence: [
          { series: rows.series, step, value: first, note: "first row; 0 is expected" },
          { series: rows.series, step: at(rows.step, 1), value: at(rows.value, 1), note: "second row" },
        ],
        causes: rank([
          {
            id: "wrong-reference-model",
            statement:
              "The reference model has other weights than the policy starts from: another checkpoint, or an adapter merged into one of them.",
            prior: 0.7,
            clues: [],
          },
          {
            id: "different-forward-pass",
            statement:
              "Both have the same weights, and see another input or run in another mode: template, padding, dropout, precision.",
            prior: 0.2,
            clues: [],
          },
        ]),
        advice: [
          {
            id: "use-start-as-reference",
            summary:
              "Let the reference be the checkpoint that training starts from: leave ref_model out (TRL then uses the start), and merge or load adapters the same way in both.",
            changes: [],
            dialect: settings.dialect,
            expect: "The first logged KL divergence (and the first implicit rewards) are 0, up to rounding.",
            source: "https://huggingface.co/docs/trl/dpo_trainer",
          },
        ],
      },
    ];
  },
});
