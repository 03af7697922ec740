import { expect, it } from "vitest";
import { Roles } from "../ingest/records/role.ts";
import { readRecords } from "./read-records.ts";

const read = (items: readonly unknown[]) => readRecords(items, { time: 100, step: 7 }, new Roles());

it("fills time and step only where the sender left them open", () => {
  const { records } = read([{ message: "a" }, { message: "b", time: 1, step: 0 }]);
  expect(records.map((r) => [r.time, r.step])).toEqual([
    [100, 7],
    [1, 0],
  ]);
});

it("groups what differs only in its numbers, and keeps a group that was given", () => {
  const { records } = read([
    { message: "saved checkpoint 100" },
    { message: "saved checkpoint 200" },
    { message: "saved checkpoint 300", group: "mine" },
  ]);
  expect(records[0]?.group).toBe(records[1]?.group);
  expect(records[0]?.group).not.toBe("");
  expect(records[2]?.group).toBe("mine");
});

it("groups tracebacks by what failed where, and calls the first the root", () => {
  const exception = (value: number): string =>
    `Traceback (most recent call last):\n  File "train.py", line 3, in step\n    f()\nValueError: bad value ${value}`;
  const { records } = read([
    { message: "training failed", level: "error", exception: exception(1) },
    { message: "training failed again", level: "error", exception: exception(2) },
  ]);
  expect(records[0]?.group).toBe(records[1]?.group);
  expect(records[0]?.role).toBe("root");
});

it.each([
  null,
  3,
  "text",
  [],
  { message: 3 },
  { message: "a", level: "loud" },
  { message: "a", step: "x" },
  { message: "a".repeat(65_537) },
])("refuses %j with the reason", (item) => {
  const { records, rejected } = read([{ message: "good" }, item]);
  expect(records).toHaveLength(1);
  expect(rejected.map((r) => r.index)).toEqual([1]);
  expect(rejected[0]?.reason).toMatch(/^(record|message|level|step): ./);
});
