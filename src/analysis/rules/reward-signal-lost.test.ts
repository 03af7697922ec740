import { describe, expect, test } from "vitest";
import { fault, healthy, rulesOn } from "../families.fixture.ts";
import { changesOf, findingOf, missingFor, without } from "../outcome.fixture.ts";
import { policyRows, trlStory, usualPolicy } from "../policy.fixture.ts";
import { random } from "../synthetic.fixture.ts";

const rule = "reward-signal-lost";
const rows = policyRows(random(3), usualPolicy);

describe(rule, () => {
  test("a reward that is the same for everything is blamed on the reward function", () => {
    const finding = findingOf(
      rule,
      trlStory(rows.map((row) => ({ ...row, reward: 0.5, reward_std: 0, frac_reward_zero_std: 1 }))),
    );
    expect(finding).toMatchObject({ severity: "error", onset: { step: 1 }, recovered: false });
    expect(finding?.causes[0]?.id).toBe("reward-constant");
    expect(changesOf(finding)).toContainEqual({ key: "num_generations", from: null, to: 16 });
  });

  test("rewards that differ between prompts and never within one are a matter of difficulty", () => {
    const next = random(5);
    const flat = rows.map((row) => ({
      ...row,
      reward: 0.4 + 0.1 * next.normal(),
      reward_std: 0,
      frac_reward_zero_std: 1,
    }));
    expect(findingOf(rule, trlStory(flat))?.causes[0]?.id).toBe("prompts-too-easy-or-hard");
  });

  test("a reward that breaks down is found at its row, as one story", () => {
    const broken = fault("brokenReward", 2);
    expect(rulesOn(broken)).toEqual([rule]);
    expect(findingOf(rule, broken)?.causes[0]?.id).toBe("reward-bug");
  });

  test("greedy sampling is told from a broken reward", () => {
    const greedy = rows.map((row, i) => ({ ...row, reward: 0.3 + 0.01 * (i % 7), reward_std: 0, entropy: 1.2 }));
    const finding = findingOf(rule, trlStory(without(greedy, "frac_reward_zero_std"), { temperature: 0.01 }));
    expect(finding?.causes.find((cause) => cause.id === "identical-completions")?.for).toEqual([
      "the sampling temperature is 0.01",
    ]);
  });

  test("is silent on a loss of 0 at the start, and while a sparse reward is being found", () => {
    expect(rulesOn(healthy("policy"))).toEqual([]);
    expect(rulesOn(healthy("policyColdStart", 4))).toEqual([]);
    expect(rulesOn(trlStory(rows))).toEqual([]);
  });

  test("a solved task is worth a note, no alarm", () => {
    const finding = findingOf(rule, healthy("policySolved"));
    expect(finding).toMatchObject({ severity: "info", title: "Every completion gets the highest reward" });
    expect(finding?.causes[0]?.id).toBe("prompts-too-easy-or-hard");
  });

  test("is not applicable without reward_std", () => {
    expect(missingFor(rule, trlStory(without(rows, "reward_std", "frac_reward_zero_std")))).toHaveLength(1);
  });
});

describe("where only the extremes of the rewards are logged", () => {
  const extremes = (high: number, low: number): ReturnType<typeof trlStory> =>
    trlStory(
      rows.map(({ reward_std: _std, frac_reward_zero_std: _share, reward, ...row }) => ({
        ...row,
        "critic/score/mean": high === low ? high : (reward ?? 0),
        "critic/score/max": high,
        "critic/score/min": low,
      })),
    );

  test("equal ones are no signal", () => {
    expect(findingOf(rule, extremes(0, 0))).toMatchObject({ severity: "error", onset: { step: 1 } });
  });

  test("ones that differ are one", () => {
    expect(findingOf(rule, extremes(1, 0))).toBeUndefined();
  });
});
