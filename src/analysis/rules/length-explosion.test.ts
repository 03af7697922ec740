import { describe, expect, test } from "vitest";
import { fault, healthy, rulesOn } from "../families.fixture.ts";
import { changesOf, findingOf, missingFor, without } from "../outcome.fixture.ts";
import { policyRows, trlStory, usualPolicy } from "../policy.fixture.ts";
import { random } from "../synthetic.fixture.ts";

const rule = "length-explosion";
const rows = policyRows(random(3), usualPolicy);

describe(rule, () => {
  test("completions that grow with the reward blame what is rewarded", () => {
    const finding = findingOf(rule, fault("lengthGrows"));
    expect(finding).toMatchObject({ severity: "error", title: "Completions grow to their limit" });
    expect(finding?.causes[0]?.id).toBe("length-rewarded");
    expect(changesOf(finding)).toContainEqual({ key: "loss_type", from: null, to: "dr_grpo" });
  });

  test("completions that never end blame the stop token", () => {
    const finding = findingOf(rule, fault("neverStops"));
    expect(finding).toMatchObject({
      title: "Completions never end",
      onset: { step: fault("neverStops").rows[0]?.step },
    });
    expect(finding?.causes[0]?.id).toBe("no-stop-token");
  });

  test("without a limit, lengths that triple for no reward are enough", () => {
    const grown = without(rows, "completions/max_length", "completions/clipped_ratio").map((row, i) => ({
      ...row,
      reward: 0.3,
      "completions/mean_length": (row["completions/mean_length"] ?? 0) * (i < 40 ? 1 : Math.min(6, 1 + 0.2 * (i - 39))),
    }));
    expect(findingOf(rule, trlStory(grown))).toMatchObject({ rule, recovered: false });
  });

  test("is silent while answers grow longer and better", () => {
    expect(rulesOn(healthy("policyReasons"))).toEqual([]);
    expect(rulesOn(trlStory(rows))).toEqual([]);
  });

  test("is silent on a verbose start that is unlearned", () => {
    const verbose = rows.map((row, i) => (i < 12 ? { ...row, "completions/clipped_ratio": 0.9 - 0.07 * i } : row));
    expect(rulesOn(trlStory(verbose))).toEqual([]);
  });

  test("is not applicable without lengths", () => {
    const bare = without(rows, "completions/mean_length", "completions/max_length", "completions/clipped_ratio");
    expect(missingFor(rule, trlStory(bare))?.length).toBeGreaterThan(0);
  });
});
