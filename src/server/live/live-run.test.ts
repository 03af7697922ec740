import { expect, it } from "vitest";
import { NewRun } from "../../api/runs.ts";
import { emptyLedger, type LedgerState } from "../../analysis/index.ts";
import { LogRecord } from "../../model/record.ts";
import type { Run } from "../../model/run.ts";
import type { SeriesPoints } from "../../model/series.ts";
import { LiveRun, maxHeldPoints, maxHeldRecords } from "./live-run.ts";

const runOf = (source: string): Run => ({
  ...NewRun.parse({ project: "p", source }),
  id: "r",
  name: "r",
  status: "running",
  createdAt: 0,
  endedAt: null,
  exitStatus: null,
});
const open = (source = "api"): LiveRun => new LiveRun(runOf(source));

const points = (name: string, from: number, count: number): SeriesPoints => {
  const step = Float64Array.from({ length: count }, (_, i) => from + i);
  return { name, labels: {}, step, time: step, value: new Float64Array(count).fill(1) };
};

it("holds only series that a rule can look at, and reports on all", () => {
  const live = open();
  live.append([points("loss", 0, 10), points("my_own_metric", 0, 10)], []);
  expect(live.heldPoints).toBe(10);
  expect(live.diagnose(0).run.series).toEqual(["loss", "my_own_metric"]);
});

it("stops at its limits and says what it did not examine", () => {
  const live = open();
  live.append([points("loss", 0, maxHeldPoints - 5)], []);
  live.append([points("loss", maxHeldPoints - 5, 10)], []);
  live.append([points("loss", maxHeldPoints + 5, 10)], []);
  const line = LogRecord.parse({ time: 0, level: "info", message: "line" });
  const warning = LogRecord.parse({ time: 0, level: "warning", message: "careful" });
  live.append([], [...Array.from({ length: maxHeldRecords.any + 3 }, () => line), warning]);
  expect(live.heldPoints).toBe(maxHeldPoints);
  expect(live.data.records).toHaveLength(maxHeldRecords.any + 1);
  const signs = live.diagnose(0).explained.map((e) => e.sign);
  expect(signs).toContain("15 points of loss were not examined");
  expect(signs).toContain("3 records were not examined");
  expect(live.book.all()).toMatchObject([{ count: maxHeldPoints + 15 }]);
});

const jumpAndBack = (live: LiveRun): LedgerState => {
  const value = Float64Array.from({ length: 40 }, (_, i) => (i < 20 ? 5 - i / 10 + (i % 3) / 50 : 30));
  const step = Float64Array.from(value, (_, i) => i);
  live.append([{ name: "loss", labels: {}, step, time: step, value }], []);
  expect(live.diagnose(0).findings.map(({ rule }) => rule)).toContain("loss-divergence");
  const before = live.ledger;
  live.append([points("loss", 40, 60)], []);
  live.diagnose(0);
  return before;
};

it("keeps what was shown and no longer holds, and goes on after a restart", () => {
  const live = open();
  const before = jumpAndBack(live);
  expect(live.report?.resolved).toMatchObject([{ finding: { rule: "loss-divergence" }, step: 99 }]);
  const again = new LiveRun(runOf("api"), undefined, 0, { findings: [], ledger: before });
  again.append([points("loss", 0, 100)], []);
  expect(again.diagnose(0).resolved).toMatchObject([{ finding: { rule: "loss-divergence" }, step: 99 }]);
});

it("withdraws nothing from runs that were imported: nobody watched them", () => {
  const live = open("import");
  expect(jumpAndBack(live)).toBe(emptyLedger);
  expect(live.report).not.toHaveProperty("resolved");
});
