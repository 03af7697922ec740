import { describe, expect, test } from "vitest";
import { watchedStory } from "../layers.fixture.ts";
import { findingOf, missingFor, reportOn } from "../outcome.fixture.ts";

const rule = "dead-units";
const isVictim = (layer: string): boolean => layer === "blocks.1.mlp.fc";

describe(rule, () => {
  test("names the layer whose units die and the step at which they do", () => {
    const story = watchedStory(1, {
      dead_share: (row, layer) => (isVictim(layer) && row >= 20 ? 0.8 : undefined),
      grad_norm: (row, layer) => (isVictim(layer) && row >= 20 ? 1e-3 : undefined),
    });
    const finding = findingOf(rule, story);
    expect(finding).toMatchObject({ severity: "warning", onset: { step: 1050, layer: "blocks.1.mlp.fc" } });
    expect(finding?.causes[0]?.id).toBe("learning-rate-too-high");
    expect(finding?.advice.map((advice) => advice.id)).toContain("leaky-activation");
  });

  test("says that a layer was dead before training began", () => {
    const story = watchedStory(2, { dead_share: (_row, layer) => (isVictim(layer) ? 1 : undefined) });
    const finding = findingOf(rule, story);
    expect(finding).toMatchObject({ severity: "error", onset: { step: 50, layer: "blocks.1.mlp.fc" } });
    expect(finding?.causes[0]?.id).toBe("dead-relu");
    expect(finding?.causes[0]?.statement).toMatch(/^Units began where a ReLU is 0/);
  });

  test("is silent on wide layers that are sparse by design, and on sparsity that is learned", () => {
    const born = watchedStory(3, { dead_share: (_row, layer) => (layer.endsWith("mlp.fc") ? 0.72 : undefined) });
    expect(findingOf(rule, born)).toBeUndefined();
    const early = watchedStory(3, {
      dead_share: (row, layer) => (isVictim(layer) ? (row === 0 ? 0.15 : 0.94) : undefined),
    });
    expect(findingOf(rule, early)).toBeUndefined();
    const learned = watchedStory(4, {
      dead_share: (row, layer) => (layer.endsWith("mlp.fc") ? 0.05 + (0.7 * row) / 40 : undefined),
    });
    expect(findingOf(rule, learned)).toBeUndefined();
  });

  test("is silent when units come back", () => {
    const story = watchedStory(5, {
      dead_share: (row, layer) => (isVictim(layer) && row >= 20 && row < 30 ? 0.8 : undefined),
    });
    expect(findingOf(rule, story)).toBeUndefined();
  });

  test("is silent on a healthy run, and not applicable to one that is not watched", () => {
    const healthy = watchedStory(6);
    expect(reportOn(healthy).clean).toContain(rule);
    expect(missingFor(rule, { rows: healthy.rows })).toEqual(["layer/dead_share (llmdbg.watch)"]);
  });
});
