import { describe, expect, test } from "vitest";
import { fault, healthy, rulesOn } from "../families.fixture.ts";
import { changesOf, findingOf, missingFor, without } from "../outcome.fixture.ts";
import { policyRows, trlStory, usualPolicy } from "../policy.fixture.ts";
import { random } from "../synthetic.fixture.ts";

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
