import { expect } from "vitest";
import type { Labels } from "../model/series.ts";
import type { DefineTest, SharedPlace } from "./store-buckets.contract.ts";
import { batchOf, examplePoints } from "./store-examples.ts";

/** Tests of `readExtremes`. */
export function extremesContract(test: DefineTest, { newRun, reopen, store }: SharedPlace): void {
  const layer = (labels: Labels, values: readonly number[], firstStep = 0) => ({
    ...examplePoints("layer/grad_norm", values, firstStep),
    labels,
  });
  const ids = ["layer/grad_norm{layer=a}", "layer/grad_norm{layer=b}"];

  test("many series share their columns, and no extreme is lost", async () => {
    const run = await newRun();
    const long = Array.from({ length: 1000 }, (_, i) => (i === 333 ? 99 : i === 777 ? -5 : 1));
    await store().append(
      run,
      batchOf(layer({ layer: "a" }, long), layer({ layer: "b" }, [7, Number.NaN, Number.POSITIVE_INFINITY], 500)),
    );
    for (let round = 0; round < 2; round++) {
      const { steps, lastStep, series, column, min, max, nonFinite } = await store().readExtremes(run, {
        series: ids,
        width: 10,
      });
      expect([...steps]).toEqual([0, 100, 200, 300, 400, 500, 600, 700, 800, 900]);
      expect(lastStep).toBe(999);
      const rows = [...series.keys()].map((i) => ({
        series: series[i],
        column: column[i],
        min: min[i],
        max: max[i],
        nonFinite: nonFinite[i],
      }));
      expect(rows).toHaveLength(11);
      expect(rows).toContainEqual({ series: 0, column: 3, min: 1, max: 99, nonFinite: 0 });
      expect(rows).toContainEqual({ series: 0, column: 7, min: -5, max: 1, nonFinite: 0 });
      expect(rows).toContainEqual({ series: 1, column: 5, min: 7, max: 7, nonFinite: 2 });
      await reopen();
    }
  });

  test("few steps are columns of their own, in the range that is asked for", async () => {
    const run = await newRun();
    await store().append(run, batchOf(layer({ layer: "a" }, [1, 2, 3], 10), layer({ layer: "b" }, [4], 40)));
    const all = await store().readExtremes(run, { series: ids, width: 100 });
    expect([...all.steps]).toEqual([10, 11, 12, 40]);
    const some = await store().readExtremes(run, { series: ids, width: 100, fromStep: 11, toStep: 12 });
    expect([[...some.steps], [...some.max].toSorted((a, b) => a - b), some.lastStep]).toEqual([[11, 12], [2, 3], 12]);
    const none = await store().readExtremes(run, { series: [], width: 100 });
    expect([none.steps.length, none.series.length, none.lastStep]).toEqual([0, 0, Number.NaN]);
  });
}
