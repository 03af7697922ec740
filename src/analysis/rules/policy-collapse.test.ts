import { describe, expect, test } from "vitest";
import { fault, healthy, rulesOn } from "../families.fixture.ts";
import { changesOf, findingOf, missingFor, without } from "../outcome.fixture.ts";
import { policyRows, trlStory, usualPolicy } from "../policy.fixture.ts";
import { random } from "../synthetic.fixture.ts";

const rule = "policy-collapse";
const rows = policyRows(random(3), usualPolicy);

describe(rule, () => {
  test("a reward that falls from its best and stays, with what the policy did", () => {
    const finding = findingOf(rule, fault("policyFalls"));
    expect(finding).toMatchObject({ severity: "error", recovered: false });
    expect(finding?.message).toContain("completions shrank");
    expect(changesOf(finding)).toContainEqual({ key: "learning_rate", from: 1e-6, to: 3.3e-7 });
  });

  test("alone it is a warning that suspects the reward", () => {
    const next = random(9);
    const fallen = rows.map((row, i) => (i < 90 ? row : { ...row, reward: 0.2 + 0.05 * next.normal() }));
    const finding = findingOf(rule, trlStory(fallen));
    expect(finding).toMatchObject({ severity: "warning", causes: [{ id: "reward-bug" }, {}, {}, {}] });
    expect(Math.abs((finding?.onset.step ?? 0) - 91)).toBeLessThanOrEqual(2);
  });

  test("is silent on a hard task with a noisy reward, and on a dip that comes back", () => {
    expect(rulesOn(healthy("policyRestless", 3))).toEqual([]);
    const dipped = rows.map((row, i) => (i >= 70 && i < 78 ? { ...row, reward: 0.25 } : row));
    expect(rulesOn(trlStory(dipped))).toEqual([]);
  });

  test("is silent on a healthy run", () => {
    expect(rulesOn(trlStory(rows))).toEqual([]);
    expect(rulesOn(healthy("policyPpo", 2))).toEqual([]);
  });

  test("is not applicable without a reward", () => {
    expect(missingFor(rule, trlStory(without(rows, "reward")))?.length).toBeGreaterThan(0);
  });
});
