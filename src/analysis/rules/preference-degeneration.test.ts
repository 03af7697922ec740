import { describe, expect, test } from "vitest";
import { fault, healthy, rulesOn } from "../families.fixture.ts";
import { changesOf, findingOf, missingFor } from "../outcome.fixture.ts";
import { healthyRows, random, usualShape } from "../synthetic.fixture.ts";

const rule = "preference-degeneration";
const rows = healthyRows(random(7), { ...usualShape, evalEvery: 0 });

describe(rule, () => {
  test("chosen answers that become unlikely while the margin rises", () => {
    const finding = findingOf(rule, fault("chosenUnlikely"));
    expect(finding).toMatchObject({ title: "Chosen answers become unlikely", recovered: false });
    expect(finding?.causes[0]?.id).toBe("beta-too-low");
    expect(changesOf(finding)).toContainEqual({ key: "beta", from: 0.01, to: 0.1 });
    expect(changesOf(finding)).toContainEqual({ key: "rpo_alpha", from: null, to: 1 });
  });

  test("without a low beta the loss itself is to blame", () => {
    const { rows: unlikely } = fault("chosenUnlikely");
    expect(findingOf(rule, { rows: unlikely, config: { beta: 0.1 } })?.causes[0]?.id).toBe(
      "chosen-likelihood-collapse",
    );
  });

  test("accuracies below one half mean swapped pairs", () => {
    const finding = findingOf(rule, fault("pairsSwapped"));
    expect(finding).toMatchObject({ title: "Rejected answers are preferred", severity: "error", onset: { step: 5 } });
    expect(finding?.causes[0]?.id).toBe("pairs-swapped");
  });

  test("held-out pairs that are reversed while training pairs are learned", () => {
    const held = healthy("preferenceWhole").rows.map((row, i) =>
      i % 30 === 29 ? { ...row, "eval_rewards/accuracies": 0.3 } : row,
    );
    const finding = findingOf(rule, { rows: held });
    expect(finding?.title).toBe("Held-out preferences are reversed");
    expect(finding?.causes[0]?.id).toBe("pairs-swapped");
  });

  test("no margin after many rows: pairs that can't be told apart, or a model that is not trained", () => {
    const alike = fault("pairsAlike");
    expect(findingOf(rule, alike)?.causes[0]?.id).toBe("pairs-indistinguishable");
    const still = alike.rows.map((row) => ({ ...row, "rewards/chosen": 0.001, "rewards/rejected": 0.001 }));
    expect(findingOf(rule, { rows: still })?.causes[0]?.id).toBe("learning-rate-too-low");
  });

  test("a loss well above ln 2 blames a beta that is too high", () => {
    const next = random(4);
    const sure = healthy("preferenceWhole").rows.map((row, i) => ({
      ...row,
      loss: i === 0 ? Math.LN2 : 2.5 + 0.3 * next.normal(),
    }));
    const finding = findingOf(rule, { rows: sure, config: { beta: 5 } });
    expect(finding?.causes[0]?.id).toBe("beta-too-high");
    expect(rulesOn({ rows: sure, config: { beta: 5 } })).toEqual([rule]);
  });

  test("a beta that no recipe has, at a loss that starts at ln 2", () => {
    const story = { rows: healthy("preferenceWhole").rows, config: { beta: 5 } };
    expect(findingOf(rule, story)).toMatchObject({ severity: "warning", causes: [{ id: "beta-too-high" }, {}] });
    expect(findingOf(rule, { ...story, config: { beta: 0.5 } })).toBeUndefined();
  });

  test("pairs of one text twice are no reversed preference", () => {
    const same = healthy("preferenceWhole").rows.map((row) => ({
      ...row,
      loss: Math.LN2,
      "rewards/margins": 0,
      "rewards/accuracies": 0,
      "rewards/rejected": row["rewards/chosen"] ?? 0,
    }));
    const finding = findingOf(rule, { rows: same });
    expect(finding?.title).toBe("No preference is learned");
    expect(finding?.causes[0]?.id).toBe("pairs-indistinguishable");
  });

  test("pairs that are learned by heart and do not carry over", () => {
    const held = healthy("preferenceStrong").rows.map((row, i) =>
      i % 30 === 29 ? { ...row, "eval_rewards/accuracies": 0.5 + 0.01 * (i % 4) } : row,
    );
    expect(findingOf(rule, { rows: held })).toMatchObject({
      title: "The preference does not hold on other pairs",
      severity: "warning",
    });
  });

  test("is silent while both rewards fall, in strong and in weak preferences", () => {
    for (const name of ["preference", "preferenceWhole", "preferenceStrong", "preferenceWeak"])
      expect(rulesOn(healthy(name, 3)), name).toEqual([]);
  });

  test("is not applicable without margins or accuracies", () => {
    expect(missingFor(rule, { rows })).toHaveLength(1);
  });
});
