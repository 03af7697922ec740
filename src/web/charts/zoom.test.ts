import { expect, test } from "vitest";
import type { Finding } from "../../model/finding.ts";
import { joinColumns } from "../data/buckets.ts";
import { interpolate, progressAxis, stepMap, timeAxis } from "./axis.ts";
import { columnsOf } from "./columns.fixture.ts";
import { logTicks, ticks } from "./ticks.ts";
import { decades, onsetZoom } from "./zoom.ts";

const at = (step: number | null, severity: Finding["severity"] = "error"): Finding => ({
  rule: "loss-spike",
  severity,
  title: "",
  message: "",
  onset: { step },
  end: null,
  recovered: null,
  evidence: [],
  causes: [],
  advice: [],
});

test("a long run opens around the onset, a short one whole", () => {
  const long = { firstStep: 0, lastStep: 10_000, logged: 1000 };
  expect(onsetZoom(at(5000), long)).toEqual({ from: 3500, to: 6500 });
  expect(onsetZoom(at(10), long)).toEqual({ from: 0, to: 1510 });
  expect(onsetZoom(at(50), { firstStep: 0, lastStep: 100, logged: 100 })).toBeUndefined();
  expect(onsetZoom(at(500), { firstStep: 0, lastStep: 1000, logged: 200 })).toEqual({ from: 350, to: 650 });
  expect(onsetZoom(at(null), long)).toBeUndefined();
  expect(onsetZoom(at(5000, "info"), long)).toBeUndefined();
  expect(onsetZoom(undefined, long)).toBeUndefined();
});

test("a logarithmic axis asks decade by decade", () => {
  expect(decades(0, 2500)).toEqual([
    { from: 1, to: 10 },
    { from: 10, to: 100 },
    { from: 100, to: 1000 },
    { from: 1000, to: 2500 },
  ]);
  expect(decades(50, 60)).toEqual([{ from: 50, to: 60 }]);
});

test("joined ranges are one curve by segment, and a bucket on the border comes once", () => {
  const low = columnsOf([[[1, 5]], [[10, 4]], [[2, 9]]], [0, 0, 1]);
  const high = columnsOf([[[10, 4]], [[50, 3]]], [0, 0]);
  const joined = joinColumns([low, high]);
  expect(joined?.segment).toEqual([0, 0, 0, 1]);
  expect(joined?.firstStep).toEqual([1, 10, 50, 2]);
  expect(joined?.last).toEqual([5, 4, 3, 9]);
});

test("tokens are interpolated between steps and back", () => {
  const axis = progressAxis("tokens", stepMap(columnsOf([[[0, 0]], [[10, 1000]], [[20, 3000]]])));
  expect(axis.fromStep(15)).toBe(2000);
  expect(axis.toQuery(2000)).toBe(15);
  expect(axis.xOf(25, Number.NaN)).toBe(4000);
  expect(interpolate([1], [1], 5)).toBeNaN();
});

test("a resume that counts tokens again does not fold the axis", () => {
  expect(stepMap(columnsOf([[[0, 0]], [[10, 1000]], [[5, 500]], [[12, 1200]]]))).toEqual({
    step: [0, 10, 12],
    value: [0, 1000, 1200],
  });
});

test("relative time starts at the run's own start", () => {
  const axis = timeAxis("relative", 5000, { step: [0, 10], value: [5000, 15_000] });
  expect(axis.xOf(3, 8000)).toBe(3000);
  expect(axis.toQuery(3000)).toBe(8000);
  expect(axis.fromStep(5)).toBe(5000);
});

test("ticks are round and inside", () => {
  expect(ticks(0, 1, 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
  expect(ticks(-3, 17, 4)).toEqual([0, 5, 10, 15]);
  expect(ticks(1, 1, 4)).toEqual([]);
  expect(logTicks(0.5, 2000)).toEqual([1, 10, 100, 1000]);
});
