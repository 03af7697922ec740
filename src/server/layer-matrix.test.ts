import { expect, test } from "vitest";
import type { Buckets } from "../store/store.ts";
import { layerMatrix } from "./layer-matrix.ts";

/** One bucket a value, as a short series is read. */
function bucketsOf(points: readonly (readonly [step: number, value: number])[]): Buckets {
  const pick = (read: (step: number, value: number) => number): Float64Array =>
    Float64Array.from(points, ([step, value]) => read(step, value));
  const finite = pick((_step, value) => (Number.isFinite(value) ? value : Number.NaN));
  const steps = pick((step, value) => (Number.isFinite(value) ? step : Number.NaN));
  const none = pick(() => Number.NaN);
  return {
    id: "x",
    segment: new Int32Array(points.length),
    count: pick(() => 1),
    nan: pick((_step, value) => (Number.isNaN(value) ? 1 : 0)),
    positiveInfinity: pick((_step, value) => (value === Number.POSITIVE_INFINITY ? 1 : 0)),
    negativeInfinity: pick(() => 0),
    min: finite,
    max: finite,
    first: finite,
    last: finite,
    sum: finite,
    minStep: steps,
    maxStep: steps,
    firstStep: steps,
    lastStep: steps,
    nonFiniteStep: pick((step, value) => (Number.isFinite(value) ? Number.NaN : step)),
    firstTime: none,
    lastTime: none,
    points: points.length,
  };
}

test("layers keep the order of appearance, columns are the watched steps", () => {
  const matrix = layerMatrix(
    [
      {
        layer: "layers.10",
        buckets: bucketsOf([
          [0, 1],
          [10, 2],
        ]),
      },
      {
        layer: "layers.2",
        buckets: bucketsOf([
          [10, 0.123456],
          [11, Number.NaN],
        ]),
      },
    ],
    100,
    "max",
  );
  expect(matrix).toEqual({
    layers: ["layers.10", "layers.2"],
    steps: [0, 10, 11],
    lastStep: 11,
    values: [1, 2, null, null, 0.1235, null],
    nonFinite: [{ layer: 1, column: 2, count: 1 }],
  });
});

test("more steps than columns are reduced by their extreme, and series of one layer share its row", () => {
  const long = Array.from({ length: 1000 }, (_, i) => [i, i === 333 ? 99 : 1] as const);
  const curves = [
    { layer: "a", buckets: bucketsOf(long) },
    {
      layer: "a",
      buckets: bucketsOf([
        [500, 7],
        [501, Number.POSITIVE_INFINITY],
      ]),
    },
  ];
  const { steps, values, nonFinite, layers } = layerMatrix(curves, 10, "max");
  expect(layers).toEqual(["a"]);
  expect(steps).toHaveLength(10);
  expect(values[3]).toBe(99);
  expect(values[5]).toBe(7);
  expect(nonFinite).toEqual([{ layer: 0, column: 5, count: 1 }]);
  expect(layerMatrix(curves, 10, "min").values[5]).toBe(1);
});

test("no series, no cells", () => {
  expect(layerMatrix([], 10, "max")).toEqual({ layers: [], steps: [], lastStep: null, values: [], nonFinite: [] });
});
