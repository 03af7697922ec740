import { describe, expect, test } from "vitest";
import { fault, healthy, onsetOf, rulesOn } from "../families.fixture.ts";
import { changesOf, findingOf, missingFor } from "../outcome.fixture.ts";
import { healthyRows, random, usualShape } from "../synthetic.fixture.ts";
import { series } from "../system.fixture.ts";

const rule = "input-bound";
const rows = healthyRows(random(7), { ...usualShape, evalEvery: 0 });

describe(rule, () => {
  test("a wait of a third of the step, with the number of workers to change", () => {
    const finding = findingOf(rule, fault("waits"));
    expect(finding).toMatchObject({ severity: "warning", recovered: false });
    expect(Math.abs((finding?.onset.step ?? 0) - onsetOf("waits"))).toBeLessThanOrEqual(20);
    expect(finding?.causes[0]?.id).toBe("data-loader-slow");
    expect(changesOf(finding)).toContainEqual({ key: "dataloader_num_workers", from: 0, to: 4 });
    expect(rulesOn(fault("waits"))).toEqual([rule]);
  });

  test("a loader that becomes slow in the second half of a short log", () => {
    const short = rows.slice(0, 28).map((row, i) => ({ ...row, data_time: i < 17 ? 0.02 : 0.5, step_time: 1 }));
    expect(findingOf(rule, { rows: short })).toMatchObject({ severity: "warning", onset: { step: 180 } });
  });

  test("torchtitan's share and Megatron's milliseconds are understood", () => {
    const share = rows.map((row) => ({ ...row, "time_metrics/data_loading(%)": 24 }));
    expect(findingOf(rule, { rows: share })?.message).toBe("24 % of each step are spent waiting for the batch.");
    const mixed = rows.map((row) => ({ ...row, data_time_ms: 400, step_time: 1 }));
    expect(findingOf(rule, { rows: mixed })?.message).toContain("40 %");
    const small = rows.map((row) => ({ ...row, data_time: 0.12, step_time: 1 }));
    expect(findingOf(rule, { rows: small })?.severity).toBe("info");
  });

  test("ESPnet's iterator and step; elsewhere iter_time is the step", () => {
    const named = rows.map((row) => ({ ...row, iter_time: 0.4, train_time: 1 }));
    expect(findingOf(rule, { rows: named.map((row) => ({ ...row, optim_step_time: 0.1 })) })?.message).toContain(
      "40 %",
    );
    expect(findingOf(rule, { rows: named })).toBeUndefined();
  });

  test("busy processors beside an idle GPU", () => {
    const idle = [
      series(
        "system/gpu_utilisation",
        {},
        Array.from({ length: 40 }, () => 4),
      ),
      series(
        "system/cpu_percent",
        {},
        Array.from({ length: 40 }, () => 98),
      ),
    ];
    expect(findingOf(rule, { rows, series: idle })?.message).toContain("the processors are busy and the GPU is idle");
  });

  test("is silent on a small wait, and on a first batch that takes long", () => {
    expect(rulesOn(healthy("logged", 2))).toEqual([]);
    const first = rows.map((row, i) => ({ ...row, step_time: i === 0 ? 60 : 1, data_time: i === 0 ? 59 : 0.01 }));
    expect(findingOf(rule, { rows: first })).toBeUndefined();
  });

  test("is not applicable without a wait or the use of the machine", () => {
    expect(missingFor(rule, { rows })).toHaveLength(1);
  });
});
