import { expect, test } from "vitest";
import type { RunSummary } from "../../../api/runs.ts";
import { formatSort, parseSort, sortRuns } from "./order.ts";
import { applyEvents, withRuns } from "./use-runs.ts";

const run = (id: string, over: Partial<RunSummary> = {}): RunSummary => ({
  id,
  project: "p",
  name: id,
  kind: "train",
  status: "finished",
  source: "api",
  dialect: null,
  tags: [],
  parent: null,
  createdAt: 0,
  endedAt: 10,
  exitStatus: 0,
  lastStep: null,
  verdict: null,
  findings: 0,
  headline: null,
  sparkline: [],
  lastLoss: null,
  ...over,
});
const names = (runs: readonly RunSummary[]): string => runs.map(({ id }) => id).join(" ");

test("runs without a value come last in both directions", () => {
  const runs = [
    run("none"),
    run("low", { lastLoss: 1 }),
    run("nan", { lastLoss: "NaN" }),
    run("high", { lastLoss: 5 }),
  ];
  expect(names(sortRuns(runs, { column: "lastLoss", descending: false }, 0))).toBe("low high nan none");
  expect(names(sortRuns(runs, { column: "lastLoss", descending: true }, 0))).toBe("nan high low none");
});

test("names sort as people count, verdicts by gravity", () => {
  expect(names(sortRuns([run("run-10"), run("run-2")], { column: "name", descending: false }, 0))).toBe("run-2 run-10");
  const runs = [run("a", { verdict: "info" }), run("b"), run("c", { verdict: "error" })];
  expect(names(sortRuns(runs, { column: "verdict", descending: false }, 0))).toBe("c a b");
});

test("the sort survives the URL, and nonsense becomes newest first", () => {
  expect(parseSort(formatSort({ column: "name", descending: true }))).toEqual({ column: "name", descending: true });
  expect(parseSort("password")).toEqual({ column: "started", descending: true });
});

test("known runs change in place, new ones wait, deleted ones go", () => {
  const list = { runs: [run("a"), run("b")], total: 2, complete: true };
  const { next, unknown } = applyEvents(list, [
    { kind: "run", run: run("a", { lastStep: 5 }) },
    { kind: "run", run: run("c") },
    { kind: "run-deleted", run: "b" },
  ]);
  expect(next.runs).toEqual([run("a", { lastStep: 5 })]);
  expect(next.total).toBe(1);
  expect(names(unknown)).toBe("c");
  expect(names(withRuns(next, unknown).runs)).toBe("c a");
});

test("the first runs of an empty list appear at once", () => {
  const { next, unknown } = applyEvents({ runs: [], total: 0, complete: true }, [{ kind: "run", run: run("a") }]);
  expect(names(next.runs)).toBe("a");
  expect(unknown).toEqual([]);
});
