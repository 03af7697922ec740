import { expect, test } from "vitest";
import { finiteRows, rowAtStep, whole } from "./facts/curve.ts";
import { type Curve, defineFold } from "./fold.ts";
import { RunData } from "./run-data.ts";
import { noInfo } from "./synthetic.fixture.ts";

const growing = (): { run: RunData; add: (...values: number[]) => Curve } => {
  const run = new RunData(noInfo);
  let step = 0;
  return {
    run,
    add(...values) {
      const steps = Float64Array.from(values, () => step++);
      run.appendPoints({ name: "loss", labels: {}, step: steps, time: steps, value: Float64Array.from(values) });
      const [series] = run.series;
      if (series === undefined) throw new Error("no series");
      return whole(series);
    },
  };
};

test("a fold sees each row once while its curve grows, and all again when it became shorter", () => {
  const seen: number[] = [];
  const sum = defineFold({
    start: () => ({ sum: 0 }),
    advance(state, { value, length }, from) {
      for (let i = from; i < length; i++) {
        seen.push(i);
        state.sum += value[i] ?? Number.NaN;
      }
    },
  });
  const { add } = growing();
  expect(sum(add(1, 2)).sum).toBe(3);
  const three = add(4);
  expect(sum(three).sum).toBe(7);
  expect(sum(three).sum).toBe(7);
  expect(seen).toEqual([0, 1, 2]);
  expect(sum({ ...three, length: 1 }).sum).toBe(1);
  expect(sum(three).sum).toBe(7);
});

test("finite rows of a growing curve are those of the whole curve, also before a given row", () => {
  const { add } = growing();
  expect(Array.from(finiteRows(add(1, 2)).value)).toEqual([1, 2]);
  const curve = add(Number.NaN, 3, Number.POSITIVE_INFINITY, 4);
  expect(Array.from(finiteRows(curve).value)).toEqual([1, 2, 3, 4]);
  expect(Array.from(finiteRows(curve, 4).step)).toEqual([0, 1, 3]);
  expect(Array.from(finiteRows(curve, 1).value)).toEqual([1]);
  expect(finiteRows(add(5)).length).toBe(5);
});

test("a step is found from the end, also where steps went back", () => {
  const step = Float64Array.of(1, 2, 3, 2, 3, 4);
  const curve = { series: "loss", step, time: step, value: step, length: 6 };
  for (const one of [curve, { ...curve, origin: {} }]) {
    expect(rowAtStep(one, 3)).toBe(4);
    expect(rowAtStep(one, 9)).toBe(5);
    expect(rowAtStep(one, 1)).toBe(0);
    expect(rowAtStep(one, 0)).toBe(-1);
  }
});
