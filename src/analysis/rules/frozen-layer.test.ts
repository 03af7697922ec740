import { describe, expect, test } from "vitest";
import { type Changes, layerSeries, watchedSteps, watchedStory } from "../layers.fixture.ts";
import { findingOf, missingFor, reportOn } from "../outcome.fixture.ts";
import type { Story } from "../synthetic.fixture.ts";

const rule = "frozen-layer";
const victim = "blocks.1.mlp.out";
const still = (value: number): Changes => ({
  update_ratio: (_row, layer) => (layer === victim ? 0 : undefined),
  grad_norm: (_row, layer) => (layer === victim ? value : undefined),
});

/** The story without some series of some layers: no point is logged where no gradient is computed. */
const leaving = (story: Story, isLeftOut: (name: string, layer: string) => boolean): Story => ({
  ...story,
  series: story.series?.filter((series) => !isLeftOut(series.name, series.labels["layer"] ?? "")) ?? [],
});

describe(rule, () => {
  test("finds weights that have a gradient and no update: they are not in the optimizer", () => {
    const finding = findingOf(rule, watchedStory(1, still(0.2)));
    expect(finding).toMatchObject({ severity: "warning", onset: { step: 50, layer: victim } });
    expect(finding?.causes[0]?.id).toBe("frozen-parameters");
    expect(finding?.advice[0]?.summary).toContain("to the optimizer");
  });

  test("only says so when requires_grad is off for a small part", () => {
    const left = leaving(watchedStory(1), (name, layer) => layer === victim && name !== "layer/weight_norm");
    const config = { "model.parameters": 1000, "model.trainable_parameters": 900 };
    expect(findingOf(rule, left)?.severity).toBe("warning");
    expect(findingOf(rule, { ...left, config })?.severity).toBe("info");
    expect(findingOf(rule, { ...left, config: { ...config, freeze_encoder: false } })?.severity).toBe("warning");
    expect(findingOf(rule, { ...left, config: { ...config, freeze_items: true } })).toBeUndefined();
  });

  test("takes most of a model without a gradient for a head in training, unless the optimizer was given all of it", () => {
    const isBelow = (name: string, layer: string): boolean => name !== "layer/weight_norm" && layer !== "head";
    const head = leaving(watchedStory(1), isBelow);
    expect(findingOf(rule, head)?.severity).toBe("info");
    const config = { "model.parameters": 1000, "model.trainable_parameters": 1000, "model.optimized_parameters": 1000 };
    const cut = findingOf(rule, { ...head, config });
    expect(cut?.severity).toBe("warning");
    expect(cut?.causes[0]?.id).toBe("detached-graph");
    expect(cut?.advice[0]?.summary).toContain("detach()");
  });

  test("tells a cut graph by a gradient of exactly 0, also when weight decay moves the weights", () => {
    expect(findingOf(rule, watchedStory(2, still(0)))?.causes[0]?.id).toBe("detached-graph");
    const decayed = watchedStory(3, { grad_norm: (row, layer) => (layer === victim && row >= 10 ? 0 : undefined) });
    expect(findingOf(rule, decayed)).toMatchObject({ onset: { step: 550, layer: victim } });
  });

  test("finds it as well where the schedule ends at 0, so that the last update of every layer is 0", () => {
    const ended = watchedStory(7, {
      update_ratio: (row, layer) => (layer === victim || row === watchedSteps.length - 1 ? 0 : undefined),
      grad_norm: (_row, layer) => (layer === victim ? 0.2 : undefined),
    });
    expect(findingOf(rule, ended)).toMatchObject({ severity: "warning", onset: { step: 50, layer: victim } });
    expect(findingOf(rule, { ...ended, config: { train_last_layer_only: true } })).toBeUndefined();
  });

  test("finds layers without any gradient or update", () => {
    const story = leaving(watchedStory(4), (name, layer) => layer === "embed" && /grad|update/.test(name));
    expect(findingOf(rule, story)).toMatchObject({ severity: "warning", onset: { layer: "embed" } });
  });

  test("is silent where freezing is meant: configured, adapters, a teacher, all but the head", () => {
    const frozen = watchedStory(5, still(0));
    expect(findingOf(rule, { ...frozen, config: { freeze_layers: "blocks.1" } })).toBeUndefined();
    expect(findingOf(rule, { ...frozen, config: { lora_r: 16 } })).toBeUndefined();
    const adapted = [
      ...(frozen.series ?? []),
      ...layerSeries("weight_norm", () => 3, { layers: ["blocks.0.attn.qkv.lora_A"] }),
    ];
    const weights = adapted.filter((series) => series.name === "layer/weight_norm").toReversed();
    expect(findingOf(rule, { ...frozen, series: [...weights, ...adapted] })).toBeUndefined();
    const head = watchedStory(6, { update_ratio: (_row, layer) => (layer === "head" ? undefined : 0) });
    expect(findingOf(rule, head)).toMatchObject({ severity: "info" });
  });

  test("is silent when nothing moves, which is no fault of one layer, and on an expert left out for some steps", () => {
    expect(findingOf(rule, watchedStory(7, { update_ratio: () => 0 }))).toBeUndefined();
    const idle = watchedStory(8, { update_ratio: (row, layer) => (layer === victim && row > 36 ? 0 : undefined) });
    expect(findingOf(rule, idle)).toBeUndefined();
  });

  test("is silent on a healthy run, and not applicable to one that is not watched", () => {
    const healthy = watchedStory(9);
    expect(reportOn(healthy).clean).toContain(rule);
    expect(missingFor(rule, { rows: healthy.rows })).toEqual(["layer/update_ratio (llmdbg.watch)"]);
  });
});

describe("parameters that no optimizer holds", () => {
  const config = {
    "model.parameters": 1000,
    "model.trainable_parameters": 1000,
    "model.optimized_parameters": 150,
    "model.not_optimized": "cls, blocks.0.attn.qkv, blocks.1.mlp.out",
    "model.not_optimized_layers": 12,
  };

  test("are told from the first watched step on, whatever the rows say", () => {
    const short = watchedStory(7, still(0.2));
    const series = short.series?.map((one) => ({
      ...one,
      step: one.step.slice(0, 2),
      time: one.time.slice(0, 2),
      value: one.value.slice(0, 2),
    }));
    const finding = findingOf(rule, { ...short, series: series ?? [], config });
    expect(finding).toMatchObject({ severity: "warning", onset: { layer: "blocks.0.attn.qkv" } });
    expect(finding?.message).toContain("85 % of all trainable ones");
    expect(finding?.causes[0]?.id).toBe("frozen-parameters");
  });

  test("are told without any layer series", () => {
    expect(findingOf(rule, { rows: [], config })).toMatchObject({ severity: "warning", onset: { step: null } });
  });

  test("are left alone where freezing is meant, or where it is a copy", () => {
    expect(findingOf(rule, { rows: [], config: { ...config, freeze_backbone: true } })).toBeUndefined();
    const teacher = { ...config, "model.not_optimized": "teacher.0, teacher.1" };
    expect(findingOf(rule, { rows: [], config: teacher })).toBeUndefined();
  });
});

describe("layers that are frozen for a while", () => {
  const head = watchedStory(8, { update_ratio: (_row, layer) => (layer === "head" ? undefined : 0) });

  test("are told from the step on at which the configuration lets them train", () => {
    const found = findingOf(rule, { ...head, config: { unfreeze_at_step: 400, freeze: "" } });
    expect(found).toMatchObject({ severity: "warning", onset: { step: 400 } });
    expect(found?.message).toContain("unfreeze_at_step");
  });

  test("are left alone until then", () => {
    expect(findingOf(rule, { ...head, config: { unfreeze_at_step: 1e6 } })).toBeUndefined();
  });
});
