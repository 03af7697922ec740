import { expect, it } from "vitest";
import type { SeriesPoints } from "../../model/series.ts";
import { SeriesBook } from "./series-book.ts";

const points = (step: number[], value: number[], time: number[] = step): SeriesPoints => ({
  name: "loss",
  labels: {},
  step: Float64Array.from(step),
  time: Float64Array.from(time),
  value: Float64Array.from(value),
});

it("carries count, segments, range and last values forward", () => {
  const book = new SeriesBook();
  book.append(points([5, 6, 6], [2, Number.NaN, 1]));
  book.append(points([3], [Number.POSITIVE_INFINITY], [Number.NaN]));
  expect(book.all()).toEqual([
    {
      id: "loss",
      name: "loss",
      labels: {},
      count: 4,
      nonFinite: 2,
      segments: 3,
      firstStep: 5,
      lastStep: 3,
      lastValue: "Infinity",
      min: 1,
      max: 2,
      lastTime: 6,
    },
  ]);
});

it("goes on from what the store knows", () => {
  const first = new SeriesBook();
  first.append(points([1, 2], [1, 2]));
  const second = new SeriesBook([...first.infos]);
  second.append(points([3], [3]));
  expect(second.all()).toMatchObject([{ count: 3, segments: 1, min: 1, max: 3 }]);
  expect(first.all()).toMatchObject([{ count: 2 }]);
});

it("tells once what grew", () => {
  const book = new SeriesBook();
  book.append(points([1], [1]));
  expect(book.takeGrown().map((s) => s.id)).toEqual(["loss"]);
  expect(book.takeGrown()).toEqual([]);
  book.append(points([], []));
  expect(book.all()).toMatchObject([{ count: 1 }]);
});

it("tells of new layers at once, and of their growth now and then", () => {
  const book = new SeriesBook();
  const layer = (name: string): SeriesPoints => ({
    ...points([1], [1]),
    name: "layer/grad_norm",
    labels: { layer: name },
  });
  const told = (now: number): string[] => book.takeGrown(now).map((info) => info.id);
  book.append(layer("a"));
  expect(told(0)).toEqual(["layer/grad_norm{layer=a}"]);
  book.append(layer("a"));
  book.append(layer("b"));
  expect(told(1000)).toEqual(["layer/grad_norm{layer=b}"]);
  expect(told(2000)).toEqual([]);
  expect(told(9000)).toEqual(["layer/grad_norm{layer=a}"]);
});
