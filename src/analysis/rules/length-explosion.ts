import { at } from "../../base/statistics.ts";
import type { Finding } from "../../model/finding.ts";
import { rank, type Suspect } from "../causes.ts";
import { defineFact, optional } from "../fact.ts";
import { estrangement } from "../facts/estrangement.ts";
import { lengthLimit, meanLength, reward, truncated } from "../facts/policy.ts";
import { departure, lastingFrom, movementSince, type Track } from "../facts/track.ts";
import { say } from "../numbers.ts";
import {
  aroundPolicy,
  klSuspect,
  lowerPolicyRate,
  type PolicyAround,
  policyEvidence,
  policyNeeds,
  rateSuspect,
} from "../policy.ts";
import { defineRule } from "../rule.ts";

const leastRows = 10;
/** Half of the completions cut at the limit, or a mean length of nine tenths of it (training-faults, 3.3). */
const cutShare = 0.5;
const limitShare = 0.9;
/** Without a limit to go by: three times the start, and no reward to show for it. Reasoning grows longer as it grows better. */
const grownFactor = 3;
const grownNoise = 6;
const lastingRows = 5;
/** Nearly all completions cut, or a mean length of nearly the limit, in the first rows. */
const neverEnds = 0.9;
/** Cut from the first rows on: nothing ever ends an answer. Models that merely start verbose improve within these rows. */
const fromStartRows = 20;

interface Explosion {
  readonly rows: Track;
  readonly row: number;
  readonly kind: "cut" | "limit" | "grown";
  readonly fromStart: boolean;
}

/** The mean length, or the share of cut completions where only that is logged. */
const enough = defineFact<Track>({
  id: `completions/mean_length or completions/clipped_ratio, ${leastRows} rows of it`,
  derive(_run, get) {
    const rows = get(meanLength) ?? get(truncated);
    return rows !== undefined && rows.length >= leastRows ? rows : undefined;
  },
});

const explosion = defineFact<Explosion | null>({
  id: "lengths of completions",
  derive(_run, get) {
    if (get(enough) === undefined) return null;
    const lengths = get(meanLength);
    const cut = get(truncated);
    const limit = get(lengthLimit);
    const candidates: Explosion[] = [];
    const consider = (rows: Track, kind: Explosion["kind"], bar: number): void => {
      const from = lastingFrom(rows, (value) => value >= bar);
      // Nothing ever ended; a start that is merely long must have grown.
      const fromStart =
        from <= 1 && rows.start >= neverEnds * (kind === "cut" ? 1 : (limit ?? Number.POSITIVE_INFINITY));
      const needed = fromStart ? fromStartRows : lastingRows;
      if (from < 0 || rows.length - from < needed) return;
      const begun = Math.min(rows.start, at(rows.value, 0));
      // On a slope that begins high the departure is lost in the noise of the start; the median itself is one row late.
      const isSlope = kind !== "grown" && rows.smooth.subarray(0, from).every((value) => value > bar / 2);
      const row = fromStart ? 0 : isSlope ? Math.max(0, from - 1) : departure(rows, from, begun, at(rows.smooth, from));
      candidates.push({ rows, row, kind, fromStart });
    };
    // From a start where many are cut, half of the way to all of them.
    const cutBar = cut === undefined || cut.start >= neverEnds ? cutShare : Math.max(cutShare, (cut.start + 1) / 2);
    if (cut !== undefined) consider(cut, "cut", cutBar);
    if (lengths !== undefined && limit !== undefined) consider(lengths, "limit", limitShare * limit);
    if (candidates.length === 0 && lengths !== undefined && lengths.start > 0) {
      consider(lengths, "grown", Math.max(grownFactor * lengths.start, lengths.start + grownNoise * lengths.noise));
      const grown = candidates[0];
      const rewards = get(reward);
      // Longer and better is what reasoning looks like; longer and not better is the fault.
      if (
        grown !== undefined &&
        (rewards === undefined || movementSince(rewards, at(grown.rows.step, grown.row)) === "rose")
      )
        return null;
    }
    return candidates.sort((a, b) => at(a.rows.step, a.row) - at(b.rows.step, b.row))[0] ?? null;
  },
});

export const lengthExplosion = defineRule({
  id: "length-explosion",
  title: "Completions grow to their limit",
  why: "What is cut off gets no reward for its end and costs the most to generate; the policy learns to ramble.",
  needs: {
    known: enough,
    found: explosion,
    far: optional(estrangement),
    limit: optional(lengthLimit),
    ...policyNeeds,
  },
  signOf: ["masked-labels", "hidden-non-finite-loss", "non-finite-loss", "entropy-collapse"],
  check({ found, far, limit, ...facts }) {
    if (found === null) return [];
    const step = at(found.rows.step, found.row);
    // A policy that left the reference model first grows long on its way: kl-blowup tells that.
    if (far !== null && !found.fromStart && step > far.step) return [];
    const around = aroundPolicy(facts, step);
    const { lengths, cut } = facts;
    const lastOf = (track: Track): number => at(track.smooth, track.length - 1);
    const said = [
      ...(lengths === null
        ? []
        : [
            `completions have ${say(Math.round(lastOf(lengths)))} tokens on average, ${say(Math.round(lengths.start))} at the start`,
          ]),
      ...(limit === null ? [] : [`the limit is ${say(limit)}`]),
      ...(cut === null ? [] : [`${say(Math.round(100 * lastOf(cut)))} % are cut off`]),
    ].join("; ");
    return [
      {
        title: found.fromStart ? "Completions never end" : "Completions grow to their limit",
        severity: around.rewardMoved === "rose" && (cut === null || lastOf(cut) < cutShare) ? "warning" : "error",
        message: `${found.fromStart ? "Completions reach their limit from the first rows on" : `Completions have been growing since step ${step}`}: ${said}.`,
        onset: { step },
        end: null,
        recovered: false,
        evidence: [
          { series: found.rows.series, step, value: at(found.rows.value, found.row), note: "first row of it" },
          {
            series: found.rows.series,
            step: at(found.rows.step, found.rows.length - 1),
            value: at(found.rows.value, found.rows.length - 1),
            note: "last row",
          },
          ...policyEvidence(around, found.rows.series),
        ],
        causes: rank([
          lengthRewarded(around),
          noStopToken(around, found),
          rateSuspect(around, 0.2),
          klSuspect(around, 0.12),
        ]),
        advice: advise(around, found, limit),
      },
    ];
  },
});

function lengthRewarded(around: PolicyAround): Suspect {
  const { rewardMoved, lengthMoved } = around;
  return {
    id: "length-rewarded",
    statement: "Longer answers get a higher reward, by the reward function or by how the loss is averaged.",
    prior: 0.35,
    clues: [
      {
        present: rewardMoved === null ? null : rewardMoved === "rose",
        for: "the reward rose while completions grew",
        against: "the reward did not rise with the length",
        weight: 3,
      },
      {
        present: lengthMoved === null ? null : lengthMoved === "rose",
        against: "completions were as long from the start",
        weight: 2,
      },
    ],
  };
}

function noStopToken(around: PolicyAround, found: Explosion): Suspect {
  const { rewards } = around;
  // All cut within one row: the token that ends an answer got lost, which no reward teaches that fast.
  const before = Math.max(0, found.row - 1);
  const jumped =
    !found.fromStart && found.kind === "cut" && at(found.rows.value, found.row) - at(found.rows.value, before) > 0.5;
  return {
    id: "no-stop-token",
    statement:
      "The policy does not end its answers: no stop token in the template, its labels or the generation settings.",
    prior: 0.3,
    clues: [
      {
        present: found.fromStart || jumped,
        for: found.fromStart ? "completions are cut from the first rows on" : "it came from one row to the next",
        against: "completions ended by themselves at first, and grew little by little",
        weight: 4,
      },
      {
        present: rewards === null || around.rewardMoved === null ? null : around.rewardMoved !== "rose",
        for: "the reward gains nothing by it",
        against: "the reward rose with the length",
        weight: 1.5,
      },
    ],
  };
}

function advise(around: PolicyAround, found: Explosion, limit: number | null): Finding["advice"] {
  const { options: settings } = around;
  const dialect = settings.dialect;
  const advice: Finding["advice"] = [];
  const stop = {
    id: "check-stop-token",
    summary:
      "Decode a few completions with their special tokens: the end-of-turn token must be in the chat template, be learned in fine-tuning, and stop the generation.",
    changes: [],
    dialect,
    expect: "Most completions end by themselves.",
    source: "https://huggingface.co/docs/trl/sft_trainer",
  };
  if (found.fromStart) advice.push(stop);
  const overlong = [];
  if (dialect !== null && settings.has("mask_truncated")) overlong.push(settings.change("mask_truncated", true));
  if (dialect !== null && settings.has("overlong_penalty")) overlong.push(settings.change("overlong_penalty", true));
  if (dialect === "trl" || dialect === "ms-swift") overlong.push(settings.change("loss_normalisation", "dr_grpo"));
  advice.push({
    id: "stop-rewarding-length",
    summary:
      "Do not pay for length: score the answer only, take points off near the limit, and average the loss over all tokens of the batch instead of per completion.",
    changes: overlong,
    dialect,
    expect: "Lengths level off below the limit while the reward goes on.",
    source: "https://arxiv.org/abs/2503.14476",
  });
  if (limit !== null && found.kind === "cut" && around.rewardMoved === "rose")
    advice.push({
      id: "raise-length-limit",
      summary: `If long answers are wanted, allow ${say(2 * limit)} tokens.`,
      changes: [settings.change("completion_length", 2 * limit)],
      dialect,
      expect: "completions/clipped_ratio falls below 0.5.",
      source: "https://huggingface.co/docs/trl/grpo_trainer",
    });
  if (around.rewardMoved === "fell") advice.push(...lowerPolicyRate(around));
  if (!found.fromStart) advice.push(stop);
  return advice;
}
