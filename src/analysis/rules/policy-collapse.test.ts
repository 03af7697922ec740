import { describe, expect, test } from "vitest";
import { faultFamilies } from "../faulty.fixture.ts";
import { healthyFamilies } from "../healthy.fixture.ts";
import { changesOf, findingOf, missingFor, reportOn, without } from "../outcome.fixture.ts";
import { policyRows, usualPolicy } from "../policy.fixture.ts";
import { random, type Row, type Story } from "../synthetic.fixture.ts";

const rule = "policy-collapse";
const rows = policyRows(random(3), usualPolicy);
const story = (changed: readonly Row[], config: Story["config"] = {}): Story => ({
  rows: changed,
  config,
  info: { dialect: "trl" },
});
const fault = (name: string, seed = 1): Story => faultFamilies.get(name)?.(seed).story ?? { rows: [] };
const healthy = (name: string, seed = 1): Story => healthyFamilies.get(name)?.(seed) ?? { rows: [] };
const rulesOn = (one: Story): string[] => reportOn(one).findings.map((finding) => finding.rule);

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
    const finding = findingOf(rule, story(fallen));
    expect(finding).toMatchObject({ severity: "warning", causes: [{ id: "reward-bug" }, {}, {}, {}] });
    expect(Math.abs((finding?.onset.step ?? 0) - 91)).toBeLessThanOrEqual(2);
  });

  test("is silent on a hard task with a noisy reward, and on a dip that comes back", () => {
    expect(rulesOn(healthy("policyRestless", 3))).toEqual([]);
    const dipped = rows.map((row, i) => (i >= 70 && i < 78 ? { ...row, reward: 0.25 } : row));
    expect(rulesOn(story(dipped))).toEqual([]);
  });

  test("is silent on a healthy run", () => {
    expect(rulesOn(story(rows))).toEqual([]);
    expect(rulesOn(healthy("policyPpo", 2))).toEqual([]);
  });

  test("is not applicable without a reward", () => {
    expect(missingFor(rule, story(without(rows, "reward")))?.length).toBeGreaterThan(0);
  });
});
