import { expect, test } from "vitest";
import type { BucketColumns } from "../../api/points.ts";
import { columnsOf } from "./columns.fixture.ts";
import { curveData, padded, readingAt, union } from "./curve-data.ts";

const byStep = { xOf: (step: number) => step, logX: false, logY: false };
const data = (columns: BucketColumns, over = {}) => curveData(columns, { ...byStep, ...over });

test("few points are drawn as they are, each once", () => {
  const { segments, dense, points } = data(
    columnsOf(
      [
        [0, 3],
        [1, 2],
        [2, 1],
      ].map((p) => [p]),
    ),
  );
  expect(segments).toHaveLength(1);
  expect(segments[0]?.line).toEqual({ x: [0, 1, 2], y: [3, 2, 1] });
  expect(dense).toBe(false);
  expect(segments[0]?.mean.x).toEqual([]);
  expect(points).toBe(3);
});

test("a bucket of many points keeps first, min, max and last in the order of their steps", () => {
  const { segments, dense } = data(
    columnsOf([
      [
        [0, 5],
        [1, 100],
        [2, 1],
        [3, 6],
      ],
      [
        [4, 5],
        [5, 5],
      ],
    ]),
  );
  expect(segments[0]?.line).toEqual({ x: [0, 1, 2, 3, 4, 5], y: [5, 100, 1, 6, 5, 5] });
  expect(segments[0]?.mean).toEqual({ x: [1.5, 4.5], y: [28, 5] });
  expect(dense).toBe(true);
});

test("a single-step spike among a million points reaches the line", () => {
  const bucket = Array.from({ length: 1000 }, (_none, i): [number, number] => [i, i === 437 ? 9999 : 1]);
  const { segments, y } = data(columnsOf([bucket]));
  expect(segments[0]?.line.x).toContain(437);
  expect(y.max).toBe(9999);
});

test("NaN and infinities are marked where they are and break the line", () => {
  const { segments, marks, y } = data(
    columnsOf([
      [[0, 1]],
      [[1, Number.NaN]],
      [[2, Number.POSITIVE_INFINITY]],
      [[3, Number.NEGATIVE_INFINITY]],
      [[4, 2]],
    ]),
  );
  expect(marks.map(({ kind, x, count }) => [kind, x, count])).toEqual([
    ["nan", 1, 1],
    ["+inf", 2, 1],
    ["-inf", 3, 1],
  ]);
  expect(segments[0]?.line).toEqual({ x: [0, 1, 2, 3, 4], y: [1, Number.NaN, Number.NaN, Number.NaN, 2] });
  expect(y).toMatchObject({ min: 1, max: 2 });
});

test("a NaN inside a bucket of numbers is marked and its neighbours are drawn", () => {
  const { marks, segments } = data(
    columnsOf([
      [
        [0, 1],
        [1, Number.NaN],
        [2, 3],
      ],
    ]),
  );
  expect(marks).toEqual([{ kind: "nan", x: 1, step: 1, count: 1 }]);
  expect(segments[0]?.line.y).toEqual([1, 3]);
  expect(segments[0]?.mean.y).toEqual([2]);
});

test("each resume is a segment of its own", () => {
  const { segments } = data(columnsOf([[[0, 1]], [[5, 2]], [[2, 3]]], [0, 0, 1]));
  expect(segments.map(({ segment, firstX, line }) => [segment, firstX, line.x])).toEqual([
    [0, 0, [0, 5]],
    [1, 2, [2]],
  ]);
});

test("a repeated step is no resume", () => {
  const { segments } = data(columnsOf([[[0, 1]], [[5, 2]], [[5, 2]], [[6, 1]]], [0, 0, 1, 1]));
  expect(segments.map(({ line }) => line.x)).toEqual([[0, 5, 5, 6]]);
});

test("a logarithmic y axis counts what it has no place for", () => {
  const { dropped, segments, y } = data(
    columnsOf([
      [[0, 0]],
      [[1, -1]],
      [[2, 10]],
      [
        [3, 0],
        [4, 5],
        [5, 7],
      ],
    ]),
    { logY: true },
  );
  expect(dropped).toBe(3);
  expect(segments[0]?.line.y).toEqual([10, 5, 7].filter((v) => v !== 5 || segments[0]?.line.y.includes(5)));
  expect(y.min).toBeGreaterThan(0);
});

test("a logarithmic x axis leaves out step 0 and says so", () => {
  const { dropped, segments } = data(columnsOf([[[0, 1]], [[1, 2]]]), { logX: true });
  expect(dropped).toBe(1);
  expect(segments[0]?.line.x).toEqual([1]);
});

test("points without a time have no place on a time axis, and are counted", () => {
  const columns = { ...columnsOf([[[0, 1]], [[1, 2]]]), firstTime: [null, 5000], lastTime: [null, 5000] };
  const { placeless, segments } = data(columns, { xOf: (_step: number, time: number) => time });
  expect(placeless).toBe(1);
  expect(segments[0]?.line.x).toEqual([5000]);
});

test("inside a bucket time runs evenly with the steps", () => {
  const columns = {
    ...columnsOf([
      [
        [0, 1],
        [5, 9],
        [10, 1],
      ],
    ]),
    firstTime: [1000],
    lastTime: [2000],
  };
  const { segments } = data(columns, { xOf: (_step: number, time: number) => time });
  expect(segments[0]?.line.x).toEqual([1000, 1500, 2000]);
});

test("the reading under the cursor is the nearest, and the later segment's where both have one", () => {
  const curve = data(columnsOf([[[0, 1]], [[10, 2]], [[10, 7]]], [0, 0, 1]));
  expect(readingAt(curve, 2)?.mean).toBe(1);
  expect(readingAt(curve, 9)?.mean).toBe(7);
  expect(readingAt(data(columnsOf([])), 1)).toBeUndefined();
});

test("extents", () => {
  const empty = union([]);
  expect(empty.min).toBeGreaterThan(empty.max);
  expect(padded(empty, false)).toEqual([0, 1]);
  expect(padded({ min: 2, max: 2 }, false)).toEqual([1.8, 2.2]);
  const [low, high] = padded({ min: 1, max: 100 }, true);
  expect(low).toBeGreaterThan(0);
  expect(high).toBeGreaterThan(100);
  expect(union([{ min: 1, max: 2 }, empty, { min: -1, max: 0 }])).toMatchObject({ min: -1, max: 2 });
});
