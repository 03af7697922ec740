import { describe, expect, test } from "vitest";
import { fault, healthy, rulesOn } from "../families.fixture.ts";
import { findingOf, missingFor, without } from "../outcome.fixture.ts";
import { policyRows, trlStory, usualPolicy } from "../policy.fixture.ts";
import { random } from "../synthetic.fixture.ts";

const rule = "reference-mismatch";
const rows = policyRows(random(3), usualPolicy);

describe(rule, () => {
  test("a divergence at the first step", () => {
    const finding = findingOf(rule, fault("farReference"));
    expect(finding).toMatchObject({ severity: "error", recovered: false });
    expect(finding?.onset.step).toBe(fault("farReference").rows[0]?.step);
    expect(finding?.causes[0]?.id).toBe("wrong-reference-model");
  });

  test("implicit rewards of DPO that are not 0 at the start", () => {
    const next = random(8);
    const away = (healthy("preference").rows ?? []).map((row) => ({
      ...row,
      "rewards/chosen": (row["rewards/chosen"] ?? 0) - 3 + 0.1 * next.normal(),
      "rewards/rejected": (row["rewards/rejected"] ?? 0) - 2.5,
    }));
    expect(findingOf(rule, trlStory(away))).toMatchObject({ onset: { step: 5 } });
  });

  test("is silent on a healthy start, and on one that departs quickly", () => {
    expect(rulesOn(trlStory(rows))).toEqual([]);
    const fast = rows.map((row, i) => ({ ...row, kl: 0.06 * (i + 1) }));
    expect(findingOf(rule, trlStory(fast))).toBeUndefined();
    expect(rulesOn(healthy("preference", 3))).toEqual([]);
  });

  test("a log that begins late says nothing about the start", () => {
    const late = rows.map((row) => ({ ...row, step: row.step + 500, kl: 0.4 }));
    expect(missingFor(rule, trlStory(late))).toHaveLength(1);
  });

  test("is not applicable without a divergence or implicit rewards", () => {
    expect(missingFor(rule, trlStory(without(rows, "kl")))).toHaveLength(1);
  });
});

test("a first step that moved the policy itself is no other reference", () => {
  const far = policyRows(random(3), usualPolicy).map((row, i) => ({ ...row, kl: 1.2 + 0.01 * i }));
  expect(findingOf("reference-mismatch", trlStory(far))).toBeDefined();
  const moved = far.map((row) => ({ ...row, "actor/ppo_kl": 0.7 }));
  expect(findingOf("reference-mismatch", trlStory(moved))).toBeUndefined();
  const cut = far.map((row) => ({ ...row, "actor/pg_clipfrac": 0.4 }));
  expect(findingOf("reference-mismatch", trlStory(cut))).toBeUndefined();
});
