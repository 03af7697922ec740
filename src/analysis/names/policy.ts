/**
 * Names of reinforcement learning on language models. Read in the sources of TRL (GRPO, RLOO, PPO, online DPO), verl,
 * OpenRLHF, trlx, NeMo-RL, SkyRL, prime-rl, slime and torchtune, November 2026.
 */
import { wordsOf } from "./words.ts";

/** Groups under which trainers put the numbers of the policy. */
const group =
  "(?:(?:objective|policy|actor|ppo|grpo|env|rollout|rollouts|train|loss|losses|generate|generation|stats|metrics|all|training|perf) )*";
const average = "(?: (?:mean|avg|average))?";

const nameOf = (...alternatives: readonly string[]): RegExp =>
  new RegExp(`^${group}(?:(?:mean|avg|average) )?(?:${alternatives.join("|")})(?: all)?${average}$`);

/**
 * TRL `reward`, `objective/scores`, `env/reward_mean`, `ppo/mean_scores`; verl `critic/score/mean`, `critic/rewards/mean`;
 * SkyRL `reward/avg_raw_reward`; trlx `rollout_scores/mean`; slime `rollout/raw_reward`; NeMo-RL `mean_total_reward`;
 * prime-rl `reward/all/mean`; torchtune `rlhf_reward`.
 */
const rewards = nameOf(
  "(?:reward )?(?:(?:avg|mean) )?(?:raw |total |rlhf )?rewards?",
  "critic (?:score|rewards?) mean",
  "scores?(?: mean)?",
  "rollout scores",
  "rewards rewards",
);
export const isReward = (name: string): boolean => {
  const { full } = wordsOf(name);
  // Alone a score may be that of any task.
  return rewards.test(full) && !/^scores?$/.test(full);
};
const rewardSpread = nameOf(
  "rewards? (?:std|stddev)",
  "std (?:rewards?|scores?)",
  "rollout scores std",
  "critic (?:score|rewards?) std",
);
export const isRewardSpread = (name: string): boolean => rewardSpread.test(wordsOf(name).full);
/** Of one batch: verl `critic/score/max`, SkyRL and prime-rl `reward/max`. */
const rewardEnd = (end: string): RegExp =>
  new RegExp(`^${group}(?:critic )?(?:rewards?|scores?)(?: all)? ${end}$|^${group}${end} (?:rewards?|scores?)$`);
const [lowest, highest] = [rewardEnd("min"), rewardEnd("max")];
export const isLowestReward = (name: string): boolean => lowest.test(wordsOf(name).full);
export const isHighestReward = (name: string): boolean => highest.test(wordsOf(name).full);
/** By how much a reward model prefers the better answer of a pair: TRL's RewardTrainer `margin`. */
const pairMargins = nameOf("(?:rewards? |scores? |pair )?margins?");
export const isPairMargin = (name: string): boolean => pairMargins.test(wordsOf(name).full);
const flatGroups = nameOf(
  "(?:frac|fraction|pct|share) (?:of )?(?:rewards? )?zero (?:std|variance|adv\\w*)",
  "zero std (?:ratio|frac|share)",
);
export const isFlatShare = (name: string): boolean => flatGroups.test(wordsOf(name).full);

/** Between two updates of the policy: how far one step moved it. PPO's `approx_kl`, verl's `ppo_kl`. */
const updates = nameOf("(?:approx|ppo|old|update) ?kls?", "approxkl", "approx policy kls?", "policykl");
export const isUpdateKl = (name: string): boolean => updates.test(wordsOf(name).full);
/** To the model that training started from. Of `objective/kl` (PPO) it is a sum over the answer. */
const reference = nameOf(
  "(?:ref |reward |mean )?kls?(?: (?:loss|penalty|div|divergence|per token|ref|reward))?",
  "kl(?:div|divergence)",
  "critic kl",
  "kl (?:to )?(?:ref|reference)",
  "kullback leibler divergence",
);
export const isReferenceKl = (name: string): boolean => {
  const { full } = wordsOf(name);
  return reference.test(full) && !updates.test(full);
};

/** verl and slime `entropy_loss`, TRL `policy/entropy_avg`, NeMo-RL `approx_entropy`, SkyRL `policy_entropy`. */
const entropies = nameOf("(?:approx |policy |actor |token )*entropy(?: loss)?");
export const isEntropy = (name: string): boolean => entropies.test(wordsOf(name).full);

/** TRL `completions/mean_length`; SkyRL `generate/avg_num_tokens`; NeMo-RL `mean_gen_tokens_per_sample`; prime-rl `completion_len/mean`. */
const answers = "(?:completions?|responses?|answers?|generations?|gen|generated|decode|output|rollout response)";
const lengths = nameOf(
  `${answers} (?:mean |avg )?(?:lengths?|lens?)`,
  `(?:num )?(?:gen|generated|response|completion|output) (?:num )?tokens(?: per (?:sample|response|completion))?`,
  "generate (?:avg|mean) num tokens",
);
export const isAnswerLength = (name: string): boolean => {
  const { full } = wordsOf(name);
  return lengths.test(full) || /^generate (avg|mean) num tokens$/.test(full);
};
const longest = new RegExp(
  `^${group}(?:${answers} max (?:length|len)|${answers} (?:length|len) max|max gen tokens per sample|generate max num tokens)$`,
);
export const isLongestAnswer = (name: string): boolean => longest.test(wordsOf(name).full);
/** TRL `completions/clipped_ratio`; verl `response_length/clip_ratio`; slime `truncated_ratio`; prime-rl `is_truncated/mean`. */
const cut = nameOf(
  `${answers} (?:clipped|truncated) (?:ratio|fraction|share)`,
  `${answers} (?:length|len) clip ratio`,
  "(?:response |completion )?truncat(?:ed|ion)(?: (?:ratio|share|rate|fraction|frac))?",
  "is truncated",
);
export const isCutShare = (name: string): boolean => cut.test(wordsOf(name).full);

/** Share of tokens whose policy ratio was clipped; of values and of importance weights it is something else. */
const clips = nameOf("(?:pg |ppo |policy )?clip ?frac(?:tion)?", "(?:ppo |loss metrics )?clip ratio(?: region mean)?");
export const isClippedShare = (name: string): boolean => {
  const { full } = wordsOf(name);
  return clips.test(full) && !/(^| )(completions?|responses?) /.test(full);
};

/** How far the probabilities of the sampler are from those of the trainer, in whatever unit. */
const gaps = nameOf(
  "sampling (?:sampling )?logp difference",
  "(?:training )?rollout probs diff",
  "(?:rollout )?logprobs? abs diff",
  "mismatch kl",
  "token mult prob error",
  "gen kl error",
  "rollout corr kl",
);
export const isSamplerGap = (name: string): boolean => gaps.test(wordsOf(name).full);
