import { at } from "../base/statistics.ts";
import type { Advice, Evidence } from "../model/finding.ts";
import type { Suspect } from "./causes.ts";
import { optional } from "./fact.ts";
import { rowBefore } from "./facts/curve.ts";
import { gradShape, type Surge } from "./facts/grad-shape.ts";
import { learningRate } from "./facts/learning-rate.ts";
import { options } from "./facts/options.ts";
import { clipped, entropy, kl, meanLength, reward, samplerGap, truncated } from "./facts/policy.ts";
import { type Direction, movementSince, type Track } from "./facts/track.ts";
import { round, say } from "./numbers.ts";
import type { Values } from "./rule.ts";

/** What every rule on a policy looks at beside its own curve, to tell one cause from another. */
export const policyNeeds = {
  rewards: optional(reward),
  divergence: optional(kl),
  entropies: optional(entropy),
  lengths: optional(meanLength),
  cut: optional(truncated),
  ratios: optional(clipped),
  gap: optional(samplerGap),
  grad: optional(gradShape),
  rate: optional(learningRate),
  options,
};
export type PolicyFacts = Values<typeof policyNeeds>;

/** How the other curves moved from before `step` to the end of the log. */
export interface PolicyAround extends PolicyFacts {
  readonly step: number;
  readonly rewardMoved: Direction | null;
  readonly klMoved: Direction | null;
  readonly entropyMoved: Direction | null;
  readonly lengthMoved: Direction | null;
  readonly gapMoved: Direction | null;
  readonly surge: Surge | null;
  /** Largest share of clipped ratios from there on; NaN when not logged. */
  readonly clippedShare: number;
  readonly beta: number | undefined;
  readonly bonus: number | undefined;
  readonly isEarly: boolean;
  /** Half of the way of the KL divergence, or of the entropy, was gone within the first rows. */
  readonly isAbrupt: boolean;
}

/** A surge of grad_norm this many rows away is part of the same event. */
const nearRows = 10;
/** The first tenth of the rows seen, or the first twenty of them. */
const earlyRows = 20;

export function aroundPolicy(facts: PolicyFacts, step: number): PolicyAround {
  const moved = (track: Track | null): Direction | null => (track === null ? null : movementSince(track, step));
  const { grad, ratios } = facts;
  const here = grad === null ? -1 : rowBefore(grad.rows, step);
  let clippedShare = Number.NaN;
  for (let i = ratios === null ? -1 : Math.max(0, rowBefore(ratios, step)); ratios !== null && i < ratios.length; i++)
    if (!(at(ratios.smooth, i) <= clippedShare)) clippedShare = at(ratios.smooth, i);
  const base = facts.rewards ?? facts.entropies ?? facts.lengths;
  return {
    ...facts,
    step,
    rewardMoved: moved(facts.rewards),
    klMoved: moved(facts.divergence),
    entropyMoved: moved(facts.entropies),
    lengthMoved: moved(facts.lengths),
    gapMoved: moved(facts.gap),
    surge:
      grad?.surges.find((surge) => surge.row <= here + nearRows && surge.row + surge.rows >= here - nearRows) ?? null,
    clippedShare,
    beta: facts.options.number("kl_coefficient"),
    bonus: facts.options.number("entropy_coefficient"),
    isEarly: base !== null && rowBefore(base, step) < earlyRows,
    isAbrupt: isAbrupt(facts),
  };
}

/** An update is a small step: a healthy policy needs dozens of rows to lose half of its entropy, or for half a nat per token. */
const abruptRows = 4;
const abruptKl = 0.5;

function isAbrupt({ divergence, entropies }: PolicyFacts): boolean {
  const isLost = entropies !== null && at(entropies.value, abruptRows) < 0.5 * at(entropies.value, 0);
  const isFar =
    divergence !== null &&
    at(divergence.value, 0) < 0.1 * abruptKl &&
    at(divergence.value, abruptRows) > Math.max(abruptKl, 0.5 * at(divergence.smooth, divergence.length - 1));
  return isLost || isFar;
}

/** How the other curves stood, for the person who checks. */
export function policyEvidence(around: PolicyAround, own: string): Evidence[] {
  const evidence: Evidence[] = [];
  for (const track of [around.rewards, around.divergence, around.entropies, around.lengths, around.cut]) {
    if (track === null || track.series === own || track.length < 2) continue;
    const before = Math.max(0, rowBefore(track, around.step - 1e-9));
    const last = track.length - 1;
    evidence.push({
      series: track.series,
      step: at(track.step, last),
      value: at(track.value, last),
      note: `around ${say(at(track.smooth, last))} now, ${say(at(track.smooth, before))} at step ${at(track.step, before)}`,
    });
  }
  return evidence;
}

export function rateSuspect(around: PolicyAround, prior: number): Suspect {
  const { grad, surge, rate, klMoved, rewardMoved } = around;
  return {
    id: "learning-rate-too-high",
    statement: "The learning rate is too high: each update moves the policy further than its samples can justify.",
    prior,
    clues: [
      {
        present: grad === null || grad.rows.length < 12 ? null : surge !== null,
        for: `grad_norm left its band at step ${surge?.step ?? 0}, with ${say(surge?.peak.value ?? 0)} (usually ${say(surge?.usual ?? 0)})`,
        against: "grad_norm stayed in its band",
        weight: 2,
      },
      {
        present: klMoved === null || rewardMoved === null ? null : klMoved === "rose" && rewardMoved === "fell",
        for: "the KL divergence rose while the reward fell",
        weight: 2,
      },
      {
        present: Number.isNaN(around.clippedShare) ? null : around.clippedShare > 0.2,
        for: `${say(Math.round(100 * around.clippedShare))} % of the policy ratios are clipped`,
        weight: 2,
      },
      {
        present: around.isAbrupt ? true : null,
        for: "the policy left its start within the first rows",
        weight: 4,
      },
      {
        present: around.options.number("max_grad_norm") === 0 ? true : null,
        for: "gradients are not clipped",
        weight: 1.5,
      },
      {
        present: around.isEarly && rate !== null ? rate.warmedUpAt === null : null,
        for: "it came within the first rows, and the learning rate was not warmed up",
        weight: 1.5,
      },
    ],
  };
}

export function klSuspect(around: PolicyAround, prior: number): Suspect {
  const { beta, klMoved, rewardMoved, surge } = around;
  return {
    id: "kl-coefficient-too-low",
    statement: "Nothing holds the policy near the reference model: the KL coefficient is 0 or too small.",
    prior,
    clues: [
      // DeepSeekMath trains with 0.04, TRL's own default is 0.
      {
        present: beta === undefined ? null : beta < 0.005,
        for: `the KL coefficient is ${say(beta ?? 0)}`,
        against: `the KL coefficient is ${say(beta ?? 0)}`,
        weight: 3,
      },
      {
        present: klMoved === null ? null : klMoved === "rose",
        for: "the KL divergence rose",
        against: "the KL divergence did not rise",
        weight: 2,
      },
      {
        present: rewardMoved === "rose" && klMoved === "rose" ? true : null,
        for: "the reward rose with it, as when a reward is exploited",
        weight: 1.5,
      },
      {
        present: surge !== null ? false : null,
        against: "grad_norm surged, as it does with too large steps",
        weight: 1.5,
      },
    ],
  };
}

export function bonusSuspect({ bonus, entropyMoved }: PolicyAround, prior: number): Suspect {
  return {
    id: "entropy-bonus-too-high",
    statement: "The entropy bonus outweighs the reward, so that the policy becomes random.",
    prior,
    clues: [
      {
        present: bonus === undefined ? null : bonus > 0,
        for: `the entropy coefficient is ${say(bonus ?? 0)}`,
        against: "the entropy coefficient is 0",
        weight: 5,
      },
      // Recipes use 0.0001 to 0.01.
      { present: bonus !== undefined && bonus >= 0.1 ? true : null, for: "recipes use a hundredth at most", weight: 2 },
      {
        present: entropyMoved === null ? null : entropyMoved !== "fell",
        against: "the entropy fell",
        weight: 5,
      },
    ],
  };
}

export function unboundedEntropySuspect(around: PolicyAround, prior: number): Suspect {
  const high = around.options.number("clip_range_high");
  const cold = around.options.number("temperature");
  return {
    id: "entropy-not-bounded",
    statement: "Nothing keeps the policy exploring: likely tokens are pushed up and rare ones clipped away.",
    prior,
    clues: [
      {
        present: cold === undefined || cold >= 0.7 ? null : true,
        for: `completions are sampled at a temperature of ${say(cold ?? 1)}, which the loss does not know of`,
        weight: 3,
      },
      {
        present: around.bonus === undefined ? null : !(around.bonus > 0),
        for: "there is no entropy bonus",
        against: `there is an entropy bonus of ${say(around.bonus ?? 0)}`,
        weight: 2,
      },
      {
        present: high === undefined ? null : high < 0.25,
        for: `the upper clip range is ${say(high ?? 0)}`,
        against: `the upper clip range is raised to ${say(high ?? 0)}`,
        weight: 1.5,
      },
    ],
  };
}

export function syncSuspect(around: PolicyAround, prior: number): Suspect {
  const { gapMoved, rewardMoved, klMoved, lengthMoved } = around;
  const isBlind = rewardMoved === "flat" && klMoved === "rose";
  return {
    id: "no-weight-sync",
    statement: "Completions are sampled from other weights than those being trained: the sampler is not updated.",
    prior,
    clues: [
      {
        present: gapMoved === null ? null : gapMoved === "rose",
        for: "the gap between the probabilities of sampler and trainer grew",
        against: "sampler and trainer agree on the probabilities",
        weight: 6,
      },
      {
        present: rewardMoved === null || klMoved === null ? null : isBlind,
        for: "the policy moves away while the rewards of its samples stay as they were",
        against:
          rewardMoved === "flat" ? "the policy hardly moves" : "the rewards of the samples changed with the policy",
        weight: 3,
      },
      {
        present: lengthMoved === null || !isBlind ? null : lengthMoved === "flat",
        for: "so do their lengths",
        weight: 1.5,
      },
    ],
  };
}

const trlGrpo = "https://huggingface.co/docs/trl/grpo_trainer";
const dapo = "https://arxiv.org/abs/2503.14476";

export function lowerPolicyRate({ rate, options: settings }: PolicyAround): Advice[] {
  const now = [settings.number("learning_rate"), rate?.peak].find((one) => one !== undefined && one > 0);
  if (now === undefined) return [];
  const to = round(now / 3);
  return [
    {
      id: "lower-learning-rate",
      summary: `Go back to a checkpoint before it and train on with a learning rate of ${say(to)}, a third.`,
      changes: [settings.change("learning_rate", to, rate?.peak)],
      dialect: settings.dialect,
      expect: "The KL divergence grows more slowly and the reward does not fall.",
      source: trlGrpo,
    },
  ];
}

export function raiseKl({ beta, options: settings }: PolicyAround): Advice[] {
  const to = beta === undefined || beta < 0.01 ? 0.04 : round(2 * beta);
  return [
    {
      id: "raise-kl-coefficient",
      summary: `Hold the policy near the reference model: a KL coefficient of ${say(to)}.`,
      changes: [settings.change("kl_coefficient", to)],
      dialect: settings.dialect,
      expect: "The KL divergence levels off and the text stays readable.",
      source: "https://arxiv.org/abs/2402.03300",
    },
  ];
}

export function keepExploring({ options: settings }: PolicyAround): Advice[] {
  const changes = [settings.change("clip_range_high", 0.28)];
  if ((settings.number("temperature") ?? 1) < 0.7) changes.unshift(settings.change("temperature", 1));
  if (settings.has("entropy_coefficient")) changes.push(settings.change("entropy_coefficient", 0.001));
  return [
    {
      id: "keep-exploring",
      summary:
        "Let rare tokens grow: raise the upper clip range to 0.28, and add a small entropy bonus where there is one.",
      changes,
      dialect: settings.dialect,
      expect: "The entropy levels off well above 0.",
      source: dapo,
    },
  ];
}
