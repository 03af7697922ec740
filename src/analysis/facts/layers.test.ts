import { describe, expect, test } from "vitest";
import { createDiagnosis } from "../diagnose.ts";
import { layerNames, layerSeries, watchedSteps, watchedStory } from "../layers.fixture.ts";
import { reportOn } from "../outcome.fixture.ts";
import { defineRule } from "../rule.ts";
import { gradNorm, isAnalysed, layerGradNorm } from "../signals.ts";
import { runOf, type Story } from "../synthetic.fixture.ts";
import type { Fact } from "../fact.ts";
import { layerGradients } from "./layer-gradients.ts";
import { familyOf } from "./layers.ts";

/** The value of a fact on a story. */
function valueOf<T>(fact: Fact<T>, story: Story): T | undefined {
  const seen: T[] = [];
  const probe = defineRule({
    id: "probe",
    title: "",
    why: "",
    needs: { fact },
    check: ({ fact: value }) => {
      seen.push(value);
      return [];
    },
  });
  createDiagnosis(runOf(story), [probe], [])();
  return seen[0];
}

test("a layer's gradient norm is not the run's", () => {
  const labels = { layer: "head" };
  expect(gradNorm.matches("layer/grad_norm", labels)).toBe(false);
  expect(layerGradNorm.matches("layer/grad_norm", labels)).toBe(true);
  expect(layerGradNorm.matches("layer/grad_norm", {})).toBe(false);
  expect(isAnalysed("layer/grad_norm", labels)).toBe(true);
  expect(isAnalysed("layer/something_else", labels)).toBe(false);
});

test("layers of one kind are one family", () => {
  expect(familyOf("model.layers.12.mlp.fc1")).toBe(familyOf("model.layers.3.mlp.fc1"));
  expect(familyOf("net.0")).toBe(familyOf("net.12"));
  expect(familyOf("model.layers.12.mlp.fc1")).not.toBe(familyOf("model.layers.12.mlp.fc2"));
});

describe("gradients by depth", () => {
  const layers = Array.from({ length: 8 }, (_, i) => `net.${i}`);
  const steps = watchedSteps;
  const story = (value: (row: number, depth: number) => number): Story => ({
    rows: [],
    series: layerSeries("grad_rms", (row, _layer, depth) => value(row, depth), { layers, steps }),
  });

  test("an even fall ends at the input, a sudden one where it happens", () => {
    const even = valueOf(
      layerGradients,
      story((_row, depth) => 1e-2 * 10 ** (depth - 7)),
    )?.fall();
    expect(even).toMatchObject({ layer: "net.0", isSudden: false });
    expect(even?.ratio).toBeCloseTo(1e-7);
    const sudden = valueOf(
      layerGradients,
      story((_row, depth) => (depth < 5 ? 1e-8 : 1e-3)),
    )?.fall();
    expect(sudden).toMatchObject({ layer: "net.5", isSudden: true });
  });

  test("an explosion is placed at the layer that left its band first", () => {
    const exploding = story((row, depth) => (row >= (depth === 2 ? 20 : 21) ? 100 : 1) * 1e-3);
    expect(valueOf(layerGradients, exploding)?.explosionNear(steps[21] ?? 0)).toMatchObject({
      layer: "net.2",
      step: steps[20],
    });
    expect(
      valueOf(
        layerGradients,
        story(() => 1e-3),
      )?.explosionNear(steps[21] ?? 0),
    ).toBeNull();
  });
});

test("watched healthy runs are left in peace", () => {
  for (let seed = 1; seed <= 40; seed++) {
    const report = reportOn(watchedStory(seed));
    expect(report.failed).toEqual([]);
    expect(report.findings).toEqual([]);
  }
});

test("300 layers with 200 rows of 7 statistics are diagnosed at once", () => {
  const layers = Array.from({ length: 300 }, (_, i) => `blocks.${i}.mlp.fc`);
  const steps = Array.from({ length: 200 }, (_, i) => i * 10);
  const value = (row: number): number => 1e-3 * (1 + (row % 7) / 10);
  const series = [
    "grad_norm",
    "grad_rms",
    "weight_norm",
    "update_ratio",
    "activation_std",
    "activation_abs_max",
    "dead_share",
  ].flatMap((stat) => layerSeries(stat, value, { layers, steps }));
  const run = runOf({ ...watchedStory(1), series });
  const began = performance.now();
  expect(reportOn({ rows: [], series }).failed).toEqual([]);
  // A quarter of a second; far above it, so that a busy machine does not fail it.
  expect(performance.now() - began).toBeLessThan(6000);
  expect(run.seriesCount).toBeGreaterThan(layerNames.length);
});
