import { at } from "../../base/statistics.ts";
import { rank } from "../causes.ts";
import { defineFact } from "../fact.ts";
import { rewardSignal, type RewardSignal } from "../facts/reward-signal.ts";
import { say, saySteps } from "../numbers.ts";
import { aroundPolicy, type PolicyAround, policyEvidence, policyNeeds } from "../policy.ts";
import { defineRule } from "../rule.ts";

/** Sparse rewards are silent for a few rows at a start; ten in a row are SageMaker's patience for a loss that does not fall. */
const leastRows = 10;

/** With fewer rows nothing is said, not even that the run is clean. */
const enough = defineFact<RewardSignal>({
  id: `frac_reward_zero_std or reward_std, ${leastRows} rows of it`,
  derive(_run, get) {
    const signal = get(rewardSignal);
    return signal !== undefined && signal.rows.length >= leastRows ? signal : undefined;
  },
});

export const rewardSignalLost = defineRule({
  id: "reward-signal-lost",
  title: "Rewards carry no signal",
  why: "Advantages are differences of rewards within a group; where all are equal the gradient is 0 and nothing is learned.",
  needs: { signal: enough, ...policyNeeds },
  signOf: [
    "masked-labels",
    "hidden-non-finite-loss",
    "non-finite-loss",
    "entropy-collapse",
    "length-explosion",
    "policy-collapse",
  ],
  check({ signal, ...facts }) {
    if (signal.row < 0 || signal.count < leastRows) return [];
    const { rows, step, reward, level, isConstant, isSolved, endRow } = signal;
    const isOver = endRow < rows.length;
    const around = aroundPolicy(facts, step);
    const said =
      reward === null
        ? ""
        : isConstant === true
          ? `; the reward is ${say(level)} in every one of them`
          : `; the reward is around ${say(level)}`;
    return [
      {
        title: isSolved ? "Every completion gets the highest reward" : "Rewards carry no signal",
        severity: isSolved ? "info" : isOver ? "warning" : "error",
        message: `All completions of a prompt got the same reward in the ${isOver ? "first " : ""}${saySteps(signal.count)}${isOver ? "" : ` since step ${step}`}${said}. With no difference there is no advantage and no gradient.`,
        onset: { step },
        end: isOver ? { step: at(rows.step, endRow) } : null,
        recovered: isOver,
        evidence: [
          { series: rows.series, step, value: at(rows.value, signal.row), note: "first row without a difference" },
          {
            series: rows.series,
            step: at(rows.step, rows.length - 1),
            value: at(rows.value, rows.length - 1),
            note: "last row",
          },
          ...policyEvidence(around, rows.series),
        ],
        causes: causesOf(signal, around),
        advice: [
          ...(isSolved
            ? []
            : [
                {
                  id: "print-rewards",
                  summary:
                    "Print the completions of one prompt with their rewards: a reward function that cannot parse the answer, or never sees it, gives the same number to all.",
                  changes: [],
                  dialect: facts.options.dialect,
                  expect: "A better completion gets a higher number.",
                  source: "https://github.com/huggingface/trl/issues/3857",
                },
              ]),
          moreDifference(around),
        ],
      },
    ];
  },
});

function causesOf({ row, level, isConstant, isSolved, reward }: RewardSignal, around: PolicyAround) {
  const fromStart = row <= 1;
  const isBound = reward === null ? null : level === 0 || level === 1;
  const broke = !fromStart && isConstant === true && !isSolved;
  const temperature = around.options.number("temperature");
  const { entropies } = around;
  const entropyNow = entropies === null ? Number.NaN : at(entropies.smooth, entropies.length - 1);
  return rank([
    {
      id: "reward-constant",
      statement: "The reward function gives the same number to everything: it does not look at the answer.",
      prior: 0.3,
      clues: [
        {
          present: isConstant,
          for: `the reward is exactly ${say(level)} throughout`,
          against: "the reward changes from row to row",
          weight: 4,
        },
        {
          present: fromStart,
          for: "it was so from the first rows on",
          against: "there was a difference before",
          weight: 2,
        },
        {
          present: isBound === false ? true : null,
          for: "it is neither 0 nor 1, as a mere failure would be",
          weight: 3,
        },
      ],
    },
    {
      id: "prompts-too-easy-or-hard",
      statement: "The prompts are too hard or too easy: every completion fails, or every one succeeds.",
      prior: 0.3,
      clues: [
        {
          present: isBound === null ? null : isBound || isConstant === false || isSolved,
          for:
            isConstant === false
              ? "some prompts are always solved and others never"
              : `the reward is ${say(level)} for all`,
          against: `a reward of ${say(level)} is neither failure nor success`,
          weight: 2.5,
        },
        { present: isSolved ? true : null, for: "the reward had risen to it", weight: 4 },
        { present: broke ? false : null, against: "the same prompts gave different rewards before", weight: 3 },
      ],
    },
    {
      id: "reward-bug",
      statement: "The reward function fails and answers a default: a parser, a timeout, a wrong column.",
      prior: 0.2,
      clues: [
        {
          present: broke,
          for: `rewards differed until step ${around.step} and are one number since`,
          weight: 4,
        },
        { present: level === 0 ? true : null, for: "the number is 0", weight: 1.5 },
      ],
    },
    {
      id: "identical-completions",
      statement: "The completions of a group are all the same: sampling is greedy, or the policy has no entropy left.",
      prior: 0.1,
      clues: [
        {
          present: entropies === null ? null : entropyNow < 0.05 * Math.max(entropies.start, 1e-9),
          for: `the entropy is ${say(entropyNow)}`,
          against: `the entropy is ${say(entropyNow)}, so the completions differ`,
          weight: 5,
        },
        {
          present: temperature === undefined ? null : temperature < 0.3,
          for: `the sampling temperature is ${say(temperature ?? 0)}`,
          weight: 4,
        },
      ],
    },
  ]);
}

function moreDifference({ options: settings }: PolicyAround) {
  const group = settings.number("group_size");
  const changes = [settings.change("group_size", group === undefined ? 16 : 2 * group)];
  if (settings.has("drop_flat_groups") && settings.dialect !== null)
    changes.push(settings.change("drop_flat_groups", true));
  return {
    id: "mix-difficulty",
    summary:
      "Choose prompts that the policy solves sometimes (20 to 80 % of the time), sample more completions for each, and drop groups without a difference.",
    changes,
    dialect: settings.dialect,
    expect: "frac_reward_zero_std falls well below 1 and grad_norm is above 0.",
    source: "https://arxiv.org/abs/2503.14476",
  };
}
