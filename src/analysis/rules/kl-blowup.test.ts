import { describe, expect, test } from "vitest";
import { fault, healthy, rulesOn } from "../families.fixture.ts";
import { changesOf, findingOf, missingFor, without } from "../outcome.fixture.ts";
import { policyRows, trlStory, usualPolicy } from "../policy.fixture.ts";
import { random, type Row } from "../synthetic.fixture.ts";

const rule = "kl-blowup";
const rows = policyRows(random(3), usualPolicy);

describe(rule, () => {
  test("a divergence that leaves its band and stays", () => {
    const finding = findingOf(rule, fault("klGrows"));
    expect(finding).toMatchObject({ severity: "error", title: "KL divergence blows up", recovered: false });
    expect(finding?.causes[0]?.id).toBe("kl-coefficient-too-low");
    expect(changesOf(finding)).toContainEqual({ key: "beta", from: 0, to: 0.04 });
  });

  test("with a coefficient set and a surge of the gradient the learning rate is to blame", () => {
    const { rows: grown } = fault("klGrows");
    const start = grown.findIndex((row) => (row["kl"] ?? 0) > 0.5);
    const surged = grown.map((row, i) => (i >= start && i < start + 4 ? { ...row, grad_norm: 20 } : row));
    expect(findingOf(rule, trlStory(surged, { beta: 0.04 }))?.causes[0]?.id).toBe("learning-rate-too-high");
  });

  test("a divergence below 0 means that other samples are measured", () => {
    const negative = rows.map((row, i) => (i < 30 ? row : { ...row, kl: -0.1 - 0.001 * (i % 5) }));
    const finding = findingOf(rule, trlStory(negative, { temperature: 0.7 }));
    expect(finding).toMatchObject({ severity: "warning", title: "KL divergence is negative" });
    expect(finding?.causes[0]?.id).toBe("sampling-not-the-policy");
  });

  test("leads where the policy leaves the reference's language before its entropy and lengths go, though the reward rises", () => {
    const next = random(8);
    const grown = (beyond: number): Row[] =>
      rows.slice(0, 80).map((row, i): Row => {
        const away = 1 / (1 + Math.exp(-(i - 25) / 3));
        const settled = 1 / (1 + Math.exp(-(i - 40) / 4));
        const entropy = 2.5 - 2.4 * settled + 0.02 * next.normal();
        return {
          step: row.step,
          reward: 0.3 + 5 * away + 0.05 * next.normal(),
          entropy,
          kl: 2.5 - entropy + beyond * away + 0.01 + 0.01 * Math.abs(next.normal()),
          "completions/mean_length": 60 + 190 * settled,
          "completions/clipped_ratio": settled,
        };
      });
    const exploited = trlStory(grown(2), { max_completion_length: 256, beta: 0 });
    const finding = findingOf(rule, exploited);
    expect(finding).toMatchObject({ severity: "warning", recovered: false });
    expect(finding?.causes[0]?.id).toBe("kl-coefficient-too-low");
    expect(finding?.message).toContain("more than the entropy that the policy lost");
    expect(Math.abs((finding?.onset.step ?? 0) - (rows[23]?.step ?? 0))).toBeLessThanOrEqual(
      3 * ((rows[1]?.step ?? 0) - (rows[0]?.step ?? 0)),
    );
    expect(rulesOn(exploited)).toEqual([rule]);
    // One that settles on what the reference finds likely has no more KL than the entropy it gave up.
    expect(findingOf(rule, trlStory(grown(0), { max_completion_length: 256, beta: 0 }))).toBeUndefined();
  });

  test("is silent on a spike of one row, and on a growth that the reward pays for", () => {
    const spiked = rows.map((row, i) => (i === 60 ? { ...row, kl: 40 } : row));
    expect(rulesOn(trlStory(spiked))).toEqual([]);
    expect(rulesOn(healthy("policySolved", 2)).filter((one) => one === rule)).toEqual([]);
    expect(rulesOn(healthy("policyPpo"))).toEqual([]);
  });

  test("PPO's divergence between two updates is another quantity", () => {
    const ppo = without(rows, "kl").map((row) => ({ ...row, "actor/ppo_kl": -0.001 }));
    expect(missingFor(rule, trlStory(ppo))).toHaveLength(1);
  });

  test("is not applicable without kl", () => {
    expect(missingFor(rule, trlStory(without(rows, "kl")))).toHaveLength(1);
  });
});
