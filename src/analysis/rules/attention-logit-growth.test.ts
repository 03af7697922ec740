import { describe, expect, test } from "vitest";
import { watchedStory } from "../layers.fixture.ts";
import { changesOf, findingOf, missingFor, reportOn } from "../outcome.fixture.ts";

const rule = "attention-logit-growth";
const victim = "blocks.3.attn.qkv";

describe(rule, () => {
  test("warns from 1e3 on and calls 1e4 an error, at the step where the growth began", () => {
    const grown = (to: number) =>
      watchedStory(1, {
        attention_logit_max: (row, layer) =>
          layer === victim && row >= 20 ? 5 * (to / 5) ** ((row - 19) / 20) : undefined,
      });
    const warned = findingOf(rule, grown(3000));
    expect(warned).toMatchObject({ severity: "warning", onset: { layer: victim } });
    expect(Math.abs((warned?.onset.step ?? 0) - 1500)).toBeLessThanOrEqual(250);
    expect(warned?.causes[0]?.id).toBe("qk-norm-missing");
    expect(warned?.advice[0]?.id).toBe("add-qk-norm");
    expect(changesOf(warned)).toMatchObject([{ key: "learning_rate" }]);
    expect(findingOf(rule, grown(30_000))).toMatchObject({ severity: "error", onset: { layer: victim } });
  });

  test("sees the collapse of a small model by its entropy", () => {
    const story = watchedStory(2, {
      attention_logit_max: (row, layer) => (layer === victim && row >= 20 ? 120 : undefined),
      attention_entropy: (row, layer) => (layer === victim && row >= 20 ? 0.05 : undefined),
    });
    const finding = findingOf(rule, story);
    expect(finding).toMatchObject({ severity: "warning", onset: { step: 1050, layer: victim } });
    expect(finding?.message).toContain("collapsed");
  });

  test("is silent on logits that are large and stay, and on ones that grow while attention stays wide", () => {
    const large = watchedStory(3, { attention_logit_max: (_row, layer) => (layer.endsWith("qkv") ? 2000 : undefined) });
    expect(findingOf(rule, large)).toBeUndefined();
    const wide = watchedStory(4, {
      attention_logit_max: (row, layer) => (layer.endsWith("qkv") ? 3 + 3 * row : undefined),
    });
    expect(findingOf(rule, wide)).toBeUndefined();
  });

  test("sees attention that began collapsed", () => {
    const story = watchedStory(7, {
      attention_logit_max: (_row, layer) => (layer === victim ? 2200 : undefined),
      attention_entropy: (_row, layer) => (layer === victim ? 0.004 : undefined),
    });
    const finding = findingOf(rule, story);
    expect(finding).toMatchObject({ onset: { step: 50, layer: victim } });
    expect(finding?.title).toBe("Attention is collapsed from the start");
    expect(finding?.causes.slice(0, 2).map((cause) => cause.id)).toEqual([
      "initialization-too-large",
      "qk-norm-missing",
    ]);
    expect(finding?.advice[0]?.id).toBe("lower-initialization");
  });

  test("gives the evidence of the layer that it names first", () => {
    const other = "blocks.0.attn.qkv";
    const story = watchedStory(8, {
      attention_logit_max: (row, layer) =>
        layer === victim || layer === other ? Math.min(3 * 1.5 ** row, layer === victim ? 9000 : 5000) : undefined,
    });
    const finding = findingOf(rule, story);
    expect(finding?.onset.layer).toBe(victim);
    expect(finding?.evidence[0]?.series).toContain(victim);
  });

  test("is silent on a single peak", () => {
    const story = watchedStory(5, {
      attention_logit_max: (row, layer) => (layer === victim && row === 39 ? 5000 : undefined),
    });
    expect(findingOf(rule, story)).toBeUndefined();
  });

  test("is silent on a healthy run, and not applicable without attention", () => {
    const healthy = watchedStory(6);
    expect(reportOn(healthy).clean).toContain(rule);
    expect(missingFor(rule, { rows: healthy.rows })).toEqual(["layer/attention_logit_max (llmdbg.watch)"]);
  });
});
