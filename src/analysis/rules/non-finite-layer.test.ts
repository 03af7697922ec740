import { describe, expect, test } from "vitest";
import { layerSeries, nonFiniteRecord, watchedStory } from "../layers.fixture.ts";
import { findingOf, missingFor, reportOn } from "../outcome.fixture.ts";
import type { Row, Story } from "../synthetic.fixture.ts";

const rule = "non-finite-layer";
const healthy = watchedStory(1);
const lostFrom = (step: number): Row[] =>
  healthy.rows.map((row) => (row.step < step ? row : { ...row, loss: Number.NaN, grad_norm: Number.NaN }));
const lost = (record: Parameters<typeof nonFiniteRecord>[0], more: Partial<Story> = {}): Story => ({
  ...healthy,
  rows: lostFrom(record.step),
  records: [nonFiniteRecord(record)],
  ...more,
});

describe(rule, () => {
  test("names layer, phase and step, and is the root of the story that the loss tells", () => {
    const report = reportOn(lost({ step: 1000 }));
    const [finding] = report.findings;
    expect(finding).toMatchObject({ rule, severity: "error", onset: { step: 1000, layer: "blocks.2.mlp.fc" } });
    expect(finding?.message).toContain("64 NaN of 4096");
    expect(finding?.causes[0]?.id).toBe("nan-in-code");
  });

  test("tells causes by what the layer was given", () => {
    const causeOf = (rest: string, more: Partial<Story> = {}): string | undefined =>
      findingOf(rule, lost({ step: 1000, rest }, more))?.causes[0]?.id;
    expect(
      causeOf("tensor=input class=Conv2d nan=9 inf=0 of=3072 input_finite=false input_abs_max=2.0 producer=-"),
    ).toBe("bad-batch");
    expect(
      causeOf(
        "tensor=output class=Linear nan=0 inf=12 of=4096 input_finite=true input_abs_max=41000 producer=blocks.2.attn.proj",
        {
          config: { fp16: true },
        },
      ),
    ).toBe("fp16-overflow");
    const grown = watchedStory(2, {
      activation_abs_max: (row, layer) => (layer === "blocks.2.mlp.fc" && row > 9 ? 10 * 3 ** (row - 9) : undefined),
    });
    expect(
      causeOf(
        "tensor=output class=Linear nan=4096 inf=0 of=4096 input_finite=true input_abs_max=4e30 producer=blocks.2.attn.proj",
        {
          series: grown.series ?? [],
        },
      ),
    ).toBe("learning-rate-too-high");
  });

  test("blames the code between two modules when all numbers are lost at once", () => {
    const record = {
      ...nonFiniteRecord({
        step: 1000,
        layer: "(model)",
        rest: "tensor=output class=GPT nan=2048 inf=0 of=2048 input_finite=true input_abs_max=- producer=-",
      }),
      exception:
        "#0 (model) (GPT) running\n#1 blocks.0 (Block) input abs_max=2.1 finite=true output abs_max=3 nan=0 inf=0",
    };
    const finding = findingOf(rule, { ...healthy, rows: lostFrom(1000), records: [record] });
    expect(finding?.message).toMatch(/^The code of \(model\) after blocks\.0, outside of any module/);
    expect(finding?.causes[0]?.id).toBe("nan-in-code");
    expect(finding?.causes.find(({ id }) => id === "learning-rate-too-high")?.against).not.toContainEqual(
      expect.stringContaining("only 2048"),
    );
    expect(finding?.advice[0]).toMatchObject({ id: "guard-operation" });
    expect(finding?.advice[0]?.summary).toContain("right after blocks.0");
    expect(JSON.stringify(finding)).not.toContain("largest NaN");
  });

  test("blames the code between two modules when one was given what the other did not put out", () => {
    const rest = "tensor=input class=Block nan=2048 inf=0 of=2048 input_finite=false input_abs_max=0 producer=blocks.0";
    const finding = findingOf(rule, lost({ step: 1000, layer: "blocks.1", rest }));
    expect(finding?.message).toMatch(/^The code between blocks\.0 and blocks\.1, outside of any module/);
    expect(finding?.causes[0]?.id).toBe("nan-in-code");
    expect(finding?.advice[0]?.summary).toContain("between blocks.0 and blocks.1");
  });

  test("blames the computation of the loss for a gradient that came from it", () => {
    const record = nonFiniteRecord({
      step: 1000,
      layer: "head",
      phase: "backward",
      rest: "tensor=grad class=Linear nan=101 inf=9 of=6400 input_finite=true input_abs_max=4.1 producer=loss",
    });
    const finding = findingOf(rule, { ...healthy, rows: lostFrom(1000), records: [record] });
    expect(finding?.onset).toEqual({ step: 1000 });
    expect(finding?.title).toBe("The loss makes numbers that are not finite");
    expect(finding?.causes[0]?.id).toBe("nan-in-code");
    expect(finding?.causes[0]?.for).not.toContain(
      "the forward pass of the same step was finite, its derivative was not",
    );
    expect(finding?.advice[0]?.summary).toContain("operation of the loss");
  });

  test("finds the layer in the counts when there is no record: forward the first, backward the last in the network", () => {
    const counts = (phase: string, layers: readonly string[]) =>
      layerSeries("non_finite", (row) => (row < 20 ? 0 : 7), { layers, labels: { phase } });
    const forward = {
      ...healthy,
      series: [...(healthy.series ?? []), ...counts("forward", ["blocks.3.mlp.fc", "blocks.1.mlp.fc"])],
    };
    expect(findingOf(rule, forward)).toMatchObject({ onset: { step: 1050, layer: "blocks.1.mlp.fc" } });
    const nested = {
      ...healthy,
      series: [...(healthy.series ?? []), ...counts("forward", ["(model)", "blocks.1", "blocks.1.mlp.fc"])],
    };
    expect(findingOf(rule, nested)).toMatchObject({ onset: { step: 1050, layer: "blocks.1.mlp.fc" } });
    const backward = {
      ...healthy,
      series: [...(healthy.series ?? []), ...counts("backward", ["blocks.1.mlp.fc", "blocks.3.mlp.fc"])],
    };
    expect(findingOf(rule, backward)).toMatchObject({ onset: { step: 1050, layer: "blocks.3.mlp.fc" } });
  });

  test("warns when training went on", () => {
    expect(findingOf(rule, { ...healthy, records: [nonFiniteRecord({ step: 1000 })] })).toMatchObject({
      severity: "warning",
      recovered: true,
    });
  });

  test("is silent on scaled gradients that overflow and are skipped", () => {
    const record = nonFiniteRecord({
      step: 40,
      phase: "backward",
      rest: "tensor=grad class=Linear nan=0 inf=3 of=4096",
    });
    expect(findingOf(rule, { ...healthy, config: { fp16: true }, records: [record] })).toBeUndefined();
  });

  test("is clean on a healthy run, and not applicable to one that is not watched", () => {
    const counted = layerSeries("non_finite", (row) => (row === 0 ? 0 : undefined), { labels: { phase: "forward" } });
    expect(reportOn({ ...healthy, series: [...(healthy.series ?? []), ...counted] }).clean).toContain(rule);
    expect(missingFor(rule, { rows: healthy.rows })).toEqual(["layer/non_finite (llmdbg.watch)"]);
  });
});
