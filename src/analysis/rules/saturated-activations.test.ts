import { describe, expect, test } from "vitest";
import { watchedStory } from "../layers.fixture.ts";
import { findingOf, missingFor, reportOn } from "../outcome.fixture.ts";

const rule = "saturated-activations";
const victim = "blocks.2.attn.qkv";

describe(rule, () => {
  test("names the layer and the step at which it goes to its bounds", () => {
    const story = watchedStory(1, {
      saturated_share: (row, layer) => (layer === victim && row >= 12 ? 0.85 : undefined),
    });
    const finding = findingOf(rule, story);
    expect(finding).toMatchObject({ severity: "warning", onset: { step: 650, layer: victim } });
    expect(finding?.causes.slice(0, 2).map((cause) => cause.id)).toContain("learning-rate-too-high");
  });

  test("blames the initialisation when it was so before the first update", () => {
    const story = watchedStory(2, {
      saturated_share: (_row, layer) => (layer.endsWith("qkv") ? 0.9 : undefined),
      activation_std: (_row, _layer, depth) => 3 + depth,
    });
    const finding = findingOf(rule, story);
    expect(finding).toMatchObject({ onset: { step: 50, layer: "blocks.0.attn.qkv" } });
    expect(finding?.causes[0]?.id).toBe("initialization-too-large");
    expect(finding?.advice[0]?.id).toBe("lower-initialization");
  });

  test("is silent on an output layer that is sure of its answers", () => {
    const story = watchedStory(3, { saturated_share: (_row, layer) => (layer === "head" ? 0.97 : undefined) });
    expect(findingOf(rule, story)).toBeUndefined();
  });

  test("is silent on a layer that is half saturated for a few steps", () => {
    const story = watchedStory(4, {
      saturated_share: (row, layer) => (layer === victim && row >= 12 && row < 15 ? 0.6 : undefined),
    });
    expect(findingOf(rule, story)).toBeUndefined();
  });

  test("is silent on a healthy run, and not applicable without bounded activations", () => {
    const healthy = watchedStory(5);
    expect(reportOn(healthy).clean).toContain(rule);
    expect(missingFor(rule, { rows: healthy.rows })).toEqual(["layer/saturated_share (llmdbg.watch)"]);
  });
});
