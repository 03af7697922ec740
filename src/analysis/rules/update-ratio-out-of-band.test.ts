import { describe, expect, test } from "vitest";
import { watchedStory } from "../layers.fixture.ts";
import { changesOf, findingOf, missingFor, reportOn } from "../outcome.fixture.ts";

const rule = "update-ratio-out-of-band";
const victim = "blocks.2.mlp.fc";

describe(rule, () => {
  test("finds a rate that is too high for all layers", () => {
    const finding = findingOf(rule, watchedStory(1, { update_ratio: () => 0.3 }));
    expect(finding).toMatchObject({ severity: "warning" });
    expect(finding?.onset.layer).toBeUndefined();
    expect(finding?.causes[0]?.id).toBe("learning-rate-too-high");
    expect(changesOf(finding)).toMatchObject([{ key: "learning_rate", to: 3.3e-5 }]);
  });

  test("finds one layer apart from its like, in both directions", () => {
    const high = watchedStory(2, { update_ratio: (_row, layer) => (layer === victim ? 0.4 : undefined) });
    expect(findingOf(rule, high)).toMatchObject({ onset: { layer: victim } });
    const low = watchedStory(3, { update_ratio: (_row, layer) => (layer === victim ? 3e-6 : undefined) });
    expect(findingOf(rule, low)).toMatchObject({ onset: { layer: victim } });
  });

  test("finds a rate that is too low for all layers", () => {
    const finding = findingOf(rule, watchedStory(4, { update_ratio: () => 4e-7 }));
    expect(finding?.causes[0]?.id).toBe("learning-rate-too-low");
  });

  test("is silent on an embedding, on weights that began at 0, on a warm-up and on a rate that ends at 0", () => {
    const embedding = watchedStory(5, { update_ratio: (_row, layer) => (layer === "embed" ? 2e-6 : undefined) });
    expect(findingOf(rule, embedding)).toBeUndefined();
    const zeros = watchedStory(6, {
      update_ratio: (row, layer) => (layer.endsWith("mlp.out") ? 1.5 / (row + 1) : undefined),
      weight_norm: (row, layer) => (layer.endsWith("mlp.out") ? 0.001 + row / 4 : undefined),
    });
    expect(findingOf(rule, zeros)).toBeUndefined();
    const decayed = watchedStory(7, { update_ratio: (row) => (row < 30 ? 2e-3 : 1e-9) });
    expect(findingOf(rule, decayed)).toBeUndefined();
  });

  test("is silent on full fine-tuning at 1e-6", () => {
    expect(findingOf(rule, watchedStory(8, { update_ratio: () => 5e-5 }))).toBeUndefined();
  });

  test("is silent on a healthy run, and not applicable to one that is not watched", () => {
    const healthy = watchedStory(9);
    expect(reportOn(healthy).clean).toContain(rule);
    expect(missingFor(rule, { rows: healthy.rows })).toEqual(["layer/update_ratio (llmdbg.watch)"]);
  });
});
