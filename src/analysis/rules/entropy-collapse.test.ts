import { describe, expect, test } from "vitest";
import { fault, healthy, rulesOn } from "../families.fixture.ts";
import { changesOf, findingOf, missingFor, without } from "../outcome.fixture.ts";
import { policyRows, trlStory, usualPolicy } from "../policy.fixture.ts";
import { random, type Row } from "../synthetic.fixture.ts";

const rule = "entropy-collapse";
const rows = policyRows(random(3), usualPolicy);

describe(rule, () => {
  test("a fall to a small share of the start within few rows", () => {
    const fallen = rows.map((row, i) =>
      i < 20 ? row : { ...row, reward: 0.3, entropy: (row["entropy"] ?? 0) * Math.max(0.03, 0.6 ** (i - 19)) },
    );
    const finding = findingOf(rule, trlStory(fallen, { beta: 0.04, epsilon: 0.2 }));
    expect(finding).toMatchObject({ title: "Entropy of the policy collapses", severity: "error" });
    expect(Math.abs((finding?.onset.step ?? 0) - 21)).toBeLessThanOrEqual(2);
    expect(finding?.causes[0]?.id).toBe("entropy-not-bounded");
    expect(changesOf(finding)).toContainEqual({ key: "epsilon_high", from: null, to: 0.28 });
  });

  test("a rise to noise is called a blow-up, and blames the bonus that is set", () => {
    const finding = findingOf(rule, fault("entropyRises"));
    expect(finding?.title).toBe("Entropy of the policy blows up");
    expect(finding?.causes[0]?.id).toBe("entropy-bonus-too-high");
    expect(rulesOn(fault("entropyRises"))).toEqual([rule]);
  });

  test("without a bonus the blow-up is not blamed on it", () => {
    const { rows: risen } = fault("entropyRises");
    expect(findingOf(rule, trlStory(risen, { entropy_coef: 0 }))?.causes[0]?.id).toBe("learning-rate-too-high");
  });

  test("is silent while the entropy falls with a reward that rises, and on a solved task", () => {
    expect(findingOf(rule, healthy("policySolved"))).toBeUndefined();
    expect(findingOf(rule, healthy("policyReasons"))).toBeUndefined();
    expect(rulesOn(healthy("policyPpo"))).toEqual([]);
  });

  test("is silent on single rows that jump and come back", () => {
    expect(rulesOn(healthy("policyRestless", 2))).toEqual([]);
  });

  test("is not applicable without an entropy, nor to the entropy that fine-tuning logs", () => {
    expect(missingFor(rule, trlStory(without(rows, "entropy")))?.length).toBeGreaterThan(0);
    const tuned = rows.map((row, i): Row => ({ step: row.step, loss: 2 - i / 200, entropy: 3 * Math.exp(-i / 10) }));
    expect(missingFor(rule, trlStory(tuned))?.length).toBeGreaterThan(0);
  });
});
