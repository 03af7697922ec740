import { at, differencesOf, mean } from "../../base/statistics.ts";
import { rank, type Suspect } from "../causes.ts";
import { defineFact, optional } from "../fact.ts";
import { rowBefore } from "../facts/curve.ts";
import { reward } from "../facts/policy.ts";
import { rewardBreak } from "../facts/reward-break.ts";
import { type RewardSignal, rewardSignal } from "../facts/reward-signal.ts";
import { changePoint, type Direction, jumpAt, levelOf, type Track } from "../facts/track.ts";
import { say, saySteps } from "../numbers.ts";
import {
  aroundPolicy,
  klSuspect,
  lowerPolicyRate,
  type PolicyAround,
  policyEvidence,
  policyNeeds,
  raiseKl,
  rateSuspect,
  syncSuspect,
} from "../policy.ts";
import { defineRule } from "../rule.ts";

const leastRows = 20;
/** Levels are means over this many rows. */
const levelRows = 10;
/** A fall counts when it undoes half of what was gained ... */
const lostShare = 0.5;
/** ... or, where little was gained, a third of the level itself, in either case beyond chance. */
const lostLevel = 0.33;
const fallErrors = 6;
/** Mean of |a - b| of two normal draws is 1.128 standard deviations of one. */
const meanToSigma = 1 / 1.128;
/** Rows between two signs of one event. */
const togetherRows = 3;

interface Collapse {
  readonly rows: Track;
  readonly row: number;
  readonly best: { readonly step: number; readonly value: number };
  readonly now: number;
}

const enough = defineFact<Track>({
  id: `reward, ${leastRows} rows of it`,
  derive(_run, get) {
    const rows = get(reward);
    return rows !== undefined && rows.length >= leastRows ? rows : undefined;
  },
});

const collapse = defineFact<Collapse | null>({
  id: "reward",
  derive(_run, get) {
    const rows = get(enough);
    if (rows === undefined) return null;
    // Running means: rewards are shares of few completions, whose median jumps.
    let sum = 0;
    let best = Number.NEGATIVE_INFINITY;
    let bestRow = 0;
    for (let i = 0; i < rows.length; i++) {
      sum += at(rows.value, i) - (i >= levelRows ? at(rows.value, i - levelRows) : 0);
      if (i >= levelRows - 1 && i < rows.length - levelRows && sum / levelRows > best) {
        best = sum / levelRows;
        bestRow = i;
      }
    }
    const now = sum / levelRows;
    const start = levelOf(rows, 0, levelRows);
    const fall = best - now;
    // Sparse rewards are mostly 0, and so is the median of their differences; the mean is not.
    const noise = Math.max(rows.noise, meanToSigma * mean(differencesOf(rows.value)));
    const error = noise * Math.sqrt(2 / levelRows);
    const gained = best - start;
    const isLost = gained > fallErrors * error ? fall >= lostShare * gained : fall >= lostLevel * Math.abs(best);
    if (!(fall > fallErrors * error && fall > 1e-9 && isLost)) return null;
    // A few lucky rows make a mean, no level.
    const bestLevel = levelOf(rows, bestRow - levelRows + 1, bestRow + 1);
    if (bestLevel - levelOf(rows, rows.length - levelRows) < 0.5 * fall) return null;
    const row = changePoint(rows, Math.max(0, bestRow - levelRows + 1), rows.length);
    // A last level that is on its way back is no collapse.
    if (levelOf(rows, rows.length - levelRows) > now + lostShare * fall) return null;
    return { rows, row, best: { step: at(rows.step, bestRow), value: best }, now };
  },
});

export const policyCollapse = defineRule({
  id: "policy-collapse",
  title: "The policy collapses",
  why: "What had been learned is being undone; further steps sample from the broken policy and do not bring it back.",
  needs: {
    known: enough,
    fallen: collapse,
    signal: optional(rewardSignal),
    broke: optional(rewardBreak),
    ...policyNeeds,
  },
  signOf: [
    "masked-labels",
    "hidden-non-finite-loss",
    "non-finite-loss",
    "reference-mismatch",
    "entropy-collapse",
    "length-explosion",
  ],
  check({ fallen, signal, broke, ...facts }) {
    if (fallen === null) return [];
    const { rows, row, best, now } = fallen;
    const step = at(rows.step, row);
    const around = aroundPolicy(facts, step);
    const jumps = [facts.entropies, facts.divergence, facts.lengths].map((track) =>
      track === null ? null : jumpAt(track, step),
    );
    const [entropyJump, klJump, lengthJump] = jumps;
    const moves = [
      entropyJump === "rose" || entropyJump === "fell" ? `entropy ${entropyJump}` : null,
      klJump === "rose" ? "KL divergence rose" : null,
      lengthJump === "rose" ? "completions grew" : lengthJump === "fell" ? "completions shrank" : null,
    ].filter((move) => move !== null);
    // All rewards became one number at the same time and hardly anything else moved: that is the reward's own story.
    if (moves.length <= 1 && signal !== null && isTogether(signal, rows, row)) return [];
    return [
      {
        // Alone, a falling reward may be harder prompts.
        severity: moves.length > 0 ? "error" : "warning",
        message: `Reward fell from ${say(best.value)} to ${say(now)} at step ${step} and has not come back in ${saySteps(rows.length - row)}${moves.length > 0 ? `; ${moves.join(", ")}` : ""}.`,
        onset: { step },
        end: null,
        recovered: false,
        evidence: [
          { series: rows.series, step: best.step, value: best.value, note: `best mean of ${levelRows} rows` },
          { series: rows.series, step, value: at(rows.value, row), note: "first row of the lower level" },
          {
            series: rows.series,
            step: at(rows.step, rows.length - 1),
            value: now,
            note: `mean of the last ${levelRows} rows`,
          },
          ...policyEvidence(around, rows.series),
        ],
        causes: rank([
          rateSuspect(around, 0.4),
          klSuspect(around, 0.2),
          rewardBug(around, jumps, broke !== null && Math.abs(broke.row - row) <= togetherRows),
          syncSuspect(around, 0.05),
        ]),
        advice: [...lowerPolicyRate(around), ...raiseKl(around)],
      },
    ];
  },
});

const isTogether = (signal: RewardSignal, rows: Track, row: number): boolean =>
  signal.row >= 0 && Math.abs(rowBefore(rows, signal.step) - row) <= togetherRows;

function rewardBug(around: PolicyAround, jumps: readonly (Direction | null)[], sudden: boolean): Suspect {
  const known = jumps.filter((move) => move !== null);
  const isCalm = around.surge === null && known.every((move) => move === "flat");
  return {
    id: "reward-bug",
    statement: "The reward changed and not the policy: another reward function, harder prompts, a grader that fails.",
    prior: 0.15,
    clues: [
      {
        present: sudden ? true : null,
        for: "the reward fell from one row to the next, of a policy that was the same in both",
        weight: 20,
      },
      {
        present: known.length === 0 || sudden ? null : isCalm,
        for: "the policy itself (entropy, KL divergence, lengths, grad_norm) did not move",
        against: "the policy itself moved as well",
        weight: 5,
      },
    ],
  };
}
