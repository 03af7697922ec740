import { expect, it } from "vitest";
import type { StoredPoints } from "../store/store.ts";
import { pointsCsv } from "./points-csv.ts";

const points = (id: string, value: number[], time = 0): StoredPoints => ({
  id,
  name: id,
  labels: {},
  segment: new Int32Array(value.length),
  step: Float64Array.from(value, (_, i) => i),
  time: new Float64Array(value.length).fill(time),
  value: Float64Array.from(value),
  truncated: false,
});

it("writes a line a point, with non-finite values by name", () => {
  expect(pointsCsv([points("loss", [0.5, Number.NaN, Number.NEGATIVE_INFINITY])]).split("\r\n")).toEqual([
    "series,segment,step,time,value",
    "loss,0,0,1970-01-01T00:00:00.000Z,0.5",
    "loss,0,1,1970-01-01T00:00:00.000Z,NaN",
    "loss,0,2,1970-01-01T00:00:00.000Z,-Infinity",
    "",
  ]);
});

it.each([
  ["=cmd|'/c calc'!A1", "'=cmd|'/c calc'!A1"],
  ["-loss", "'-loss"],
  ["@x", "'@x"],
  ['a"b', '"a""b"'],
  ["loss{rank=0,split=eval}", '"loss{rank=0,split=eval}"'],
])("makes the name %j harmless to a spreadsheet", (id, cell) => {
  expect(pointsCsv([points(id, [1])])).toContain(`\r\n${cell},0,0,`);
});

it.each([Number.NaN, 1e300, Number.POSITIVE_INFINITY])("leaves a time of %s empty", (time) => {
  expect(pointsCsv([points("a", [1], time)])).toContain("a,0,0,,1\r\n");
});
