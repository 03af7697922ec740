import { expect, test } from "vitest";
import { layerMatrix } from "./layer-matrix.ts";

const extremes = {
  steps: Float64Array.of(0, 10, 11),
  lastStep: 11,
  ids: ["a", "b", "c"],
  series: Int32Array.of(0, 0, 1, 1, 2),
  column: Int32Array.of(0, 1, 1, 2, 1),
  min: Float64Array.of(1, 2, 0.5, Number.NaN, 0.1),
  max: Float64Array.of(1, 2, 0.123456, Number.NaN, 0.7),
  nonFinite: Float64Array.of(0, 0, 0, 1, 2),
};

test("layers keep their order, series of one layer share its row", () => {
  expect(layerMatrix(extremes, ["layers.10", "layers.2", "layers.2"], "max")).toEqual({
    layers: ["layers.10", "layers.2"],
    steps: [0, 10, 11],
    lastStep: 11,
    values: [1, 2, null, null, 0.7, null],
    nonFinite: [
      { layer: 1, column: 2, count: 1 },
      { layer: 1, column: 1, count: 2 },
    ],
  });
  expect(layerMatrix(extremes, ["layers.10", "layers.2", "layers.2"], "min").values[4]).toBe(0.1);
});

test("four digits travel", () => {
  expect(layerMatrix({ ...extremes, ids: ["a", "b"] }, ["a", "b", "c"], "max").values[4]).toBe(0.1235);
});

test("no series, no cells", () => {
  const none = new Float64Array(0);
  const nobody = new Int32Array(0);
  const empty = {
    steps: none,
    lastStep: Number.NaN,
    ids: [],
    series: nobody,
    column: nobody,
    min: none,
    max: none,
    nonFinite: none,
  };
  expect(layerMatrix(empty, [], "max")).toEqual({ layers: [], steps: [], lastStep: null, values: [], nonFinite: [] });
});
