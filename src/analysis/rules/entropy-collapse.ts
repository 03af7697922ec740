import { at } from "../../base/statistics.ts";
import type { Finding } from "../../model/finding.ts";
import { rank } from "../causes.ts";
import { defineFact, optional } from "../fact.ts";
import { estrangement } from "../facts/estrangement.ts";
import { rowBefore } from "../facts/curve.ts";
import { options } from "../facts/options.ts";
import { entropy } from "../facts/policy.ts";
import { rewardBreak } from "../facts/reward-break.ts";
import { rewardProgress } from "../facts/solved.ts";
import { departure, lastingFrom, levelOf, movement, smoothRows, movementSince, type Track } from "../facts/track.ts";
import { say, saySteps } from "../numbers.ts";
import {
  aroundPolicy,
  bonusSuspect,
  keepExploring,
  klSuspect,
  lowerPolicyRate,
  type PolicyAround,
  policyEvidence,
  policyNeeds,
  rateSuspect,
  syncSuspect,
  unboundedEntropySuspect,
} from "../policy.ts";
import { defineRule } from "../rule.ts";

/** Rows that say where the entropy starts, and as many more. */
const leastRows = 10;
/**
 * What is left of the start: DAPO's and Skywork-OR1's collapsed runs end below a tenth; healthy runs
 * without an entropy bonus level off at a third to a half.
 */
const collapsedShare = 0.15;
/** Without a reward to go by, or with one that has risen, only a fall within this many rows is called a collapse. */
const fastRows = 20;
/** ... or, where each row is several updates, so many of those and a third of the rows. */
const fastShare = 1 / 3;
/** Healthy entropies wander up by a half; a policy that becomes random doubles. */
const blownFactor = 1.5;
const blownFactorAlone = 2;
const blownNoise = 6;
const lastingRows = 5;
/** Recipes use 0.0001 to 0.01 (verl's examples 0.001); ten times the largest outweighs normalised advantages. */
const largeBonus = 0.1;
const heldShare = 0.98;
/** Row by which the entropy of other runs has begun to fall: those of the start, and a running median after them. */
const heldRow = leastRows + smoothRows - 1;
/** Samples this much colder than the policy hide from it what else it could say, whatever the reward. */
const coldTemperature = 0.7;
/** Hardly any choice is left: what the reward still gains is the last words of one answer. */
const goneShare = 0.02;

interface EntropyFault {
  readonly kind: "collapse" | "blow-up" | "held";
  readonly rows: Track;
  readonly row: number;
  /** Row where the bound was passed. */
  readonly reached: number;
}

const enough = defineFact<Track>({
  id: `entropy of the policy, ${leastRows} rows of it`,
  derive(_run, get) {
    const rows = get(entropy);
    return rows !== undefined && rows.length >= leastRows && rows.start > 0 ? rows : undefined;
  },
});

const entropyFault = defineFact<EntropyFault | null>({
  id: "entropy of the policy",
  derive(_run, get) {
    const rows = get(enough);
    if (rows === undefined) return null;
    const progress = get(rewardProgress) ?? null;
    // A policy may be gone before the median of the first rows is known.
    const start = Math.max(rows.start, at(rows.value, 0));
    const broke = get(rewardBreak) ?? null;
    const low = lastingFrom(rows, (value) => value <= collapsedShare * start);
    // What follows when the reward broke is that story.
    if (broke !== null && at(rows.step, low) >= broke.step) return null;
    // Nor is a policy that left the reference model first, and now has only its exploit to say: kl-blowup tells that.
    const far = get(estrangement) ?? null;
    if (far !== null && low > 0 && at(rows.step, departure(rows, low, start, at(rows.smooth, low))) > far.step)
      return null;
    if (low > 0 && rows.length - low >= lastingRows) {
      const row = Math.max(1, departure(rows, low, start, at(rows.smooth, low)));
      const isSlow =
        low - row > fastRows ||
        (at(rows.step, low) - at(rows.step, row) > fastRows && low - row > fastShare * rows.length);
      const temperature = get(options)?.number("temperature") ?? 1;
      const isExpected =
        temperature < coldTemperature
          ? false
          : progress === null
            ? low - row > fastRows
            : (progress.isSolved && progress.isShare) ||
              // A slow fall that bought a reward is what learning looks like.
              (progress.isAtBest && isSlow) ||
              (at(rows.smooth, rows.length - 1) >= goneShare * start &&
                isRisingSince(progress.rows, at(rows.step, low)));
      return isExpected ? null : { kind: "collapse", rows, row, reached: low };
    }
    const factor = progress === null ? blownFactorAlone : blownFactor;
    const high = lastingFrom(
      rows,
      (value) => value >= Math.max(factor * rows.start, rows.start + blownNoise * rows.noise),
    );
    if (high > 0 && rows.length - high >= lastingRows) {
      const row = departure(rows, high, rows.start, at(rows.smooth, high));
      if (progress !== null && movementSince(progress.rows, at(rows.step, row)) === "rose") return null;
      return { kind: "blow-up", rows, row, reached: high };
    }
    // A bonus this large and an entropy that does not fall: the policy is kept as random as it started.
    const bonus = get(options)?.number("entropy_coefficient") ?? 0;
    if (bonus >= largeBonus && rows.length >= 2 * leastRows) {
      const now = levelOf(rows, rows.length - leastRows);
      const isHeld = now >= heldShare * rows.start && movement(rows, 0, leastRows, rows.length) !== "fell";
      if (isHeld && progress?.isSolved !== true) return { kind: "held", rows, row: heldRow, reached: heldRow };
    }
    return null;
  },
});

/** Whether the reward still rises after the entropy is gone, and not only by its going. */
function isRisingSince(rewards: Track, step: number): boolean {
  const row = rowBefore(rewards, step);
  return movement(rewards, row, Math.min(rewards.length, row + leastRows), rewards.length) === "rose";
}

const titles: Readonly<Record<EntropyFault["kind"], string>> = {
  collapse: "Entropy of the policy collapses",
  "blow-up": "Entropy of the policy blows up",
  held: "Entropy of the policy does not fall",
};

export const entropyCollapse = defineRule({
  id: "entropy-collapse",
  title: "Entropy of the policy collapses",
  why: "A policy without entropy samples the same answer again and again and stops learning; one with too much of it forgets what it could do.",
  needs: { known: enough, fault: entropyFault, progress: optional(rewardProgress), ...policyNeeds },
  signOf: ["masked-labels", "hidden-non-finite-loss", "non-finite-loss"],
  check({ fault, progress, ...facts }) {
    if (fault === null) return [];
    const { rows, kind } = fault;
    const step = at(rows.step, fault.row);
    const around = aroundPolicy(facts, step);
    const last = rows.length - 1;
    const now = at(rows.smooth, last);
    const isCollapse = kind === "collapse";
    const outcome =
      progress === null
        ? ""
        : around.rewardMoved === "fell"
          ? " and the reward fell"
          : ` and the reward does not rise (${say(progress.now)})`;
    return [
      {
        title: titles[kind],
        severity: "error",
        message:
          kind === "held"
            ? `Entropy was ${say(rows.start)} at the start and is ${say(now)} after ${saySteps(rows.length)}${outcome}: the bonus of ${say(around.bonus ?? 0)} keeps the policy as random as it was.`
            : isCollapse
              ? `Entropy fell from ${say(Math.max(rows.start, at(rows.value, 0)))} to ${say(now)} from step ${step} on, within ${saySteps(fault.reached - fault.row + 1)}${outcome}: the policy samples nearly the same text every time.`
              : `Entropy rose from ${say(rows.start)} to ${say(now)} from step ${step} on${outcome}: the policy becomes random.`,
        onset: { step },
        end: null,
        recovered: false,
        evidence: [
          { series: rows.series, step: at(rows.step, 0), value: at(rows.value, 0), note: "first row" },
          { series: rows.series, step, value: at(rows.value, fault.row), note: "leaves its level" },
          { series: rows.series, step: at(rows.step, last), value: at(rows.value, last), note: "last row" },
          ...policyEvidence(around, rows.series),
        ],
        causes: isCollapse
          ? rank([unboundedEntropySuspect(around, 0.35), rateSuspect(around, 0.35), klSuspect(around, 0.15)])
          : rank([
              bonusSuspect(around, 0.4),
              rateSuspect(around, 0.35),
              klSuspect(around, 0.1),
              syncSuspect(around, 0.05),
            ]),
        advice: isCollapse
          ? [...keepExploring(around), ...lowerPolicyRate(around)]
          : [...lowerBonus(around), ...lowerPolicyRate(around)],
      },
    ];
  },
});

function lowerBonus({ bonus, options: settings }: PolicyAround): Finding["advice"] {
  if (bonus === 0) return [];
  const to = bonus === undefined ? 0 : bonus / 10;
  return [
    {
      id: "lower-entropy-bonus",
      summary: `Lower the entropy bonus to ${say(to)}.`,
      changes: [settings.change("entropy_coefficient", to)],
      dialect: settings.dialect,
      expect: "The entropy falls slowly while the reward rises.",
      source: "https://arxiv.org/abs/2505.22617",
    },
  ];
}
