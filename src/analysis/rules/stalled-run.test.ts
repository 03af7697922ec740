import { describe, expect, test } from "vitest";

import { findingOf, missingFor, reportOn, without } from "../outcome.fixture.ts";
import { healthyRows, random, type Story, usualShape } from "../synthetic.fixture.ts";

const rule = "stalled-run";
const rows = healthyRows(random(5), usualShape);

const last = rows.at(-1)?.time ?? 0;
const after = (ms: number): Story => ({ rows, clock: last + ms, info: { status: "running", exitStatus: null } });

describe("stalled-run", () => {
  test("sees a silence of many usual intervals, with its length", () => {
    const finding = findingOf(rule, after(700_000));
    expect(finding).toMatchObject({ severity: "error", onset: { step: 2000, time: last } });
    expect(findingOf(rule, after(200_000))?.severity).toBe("warning");
  });

  test("a bar that is drawn once more when the run is killed ends no silence", () => {
    const killed = last + 7_200_000;
    const story: Story = {
      rows: [...rows, { step: 2003, time: killed - 1, "it/s": 0.02 }],
      info: { status: "crashed", exitStatus: 137, endedAt: killed },
    };
    expect(findingOf(rule, story)).toMatchObject({ severity: "error", onset: { step: 2000, time: last } });
  });

  test("does not make a new finding at each look", () => {
    expect(findingOf(rule, after(700_000))?.message).toBe(findingOf(rule, after(701_000))?.message);
  });

  test("blames the data loader when the exception speaks of it", () => {
    const story: Story = {
      rows,
      info: { status: "crashed", exitStatus: 1, endedAt: last + 300_000 },
      records: [
        {
          level: "error",
          message: "RuntimeError: DataLoader timed out after 300 seconds",
          exception: "Traceback ...",
          time: last + 300_000,
        },
      ],
    };
    expect(findingOf(rule, story)?.causes[0]?.id).toBe("data-loader-slow");
  });

  test("tells a collective, and a kill for lack of memory, by what other processes said", () => {
    const story = (message: string, exitStatus: number): Story => ({
      rows,
      info: { status: "crashed", exitStatus, endedAt: last + 700_000 },
      records: [
        { message: "NCCL version 2.21.5+cuda12.4" },
        { level: "error", message, time: last + 600_000 },
        { level: "error", message: "worker failed", exception: "Traceback ...", time: last + 600_001 },
      ],
    });
    const hung = story(
      "[Rank 3] Watchdog caught collective operation timeout: WorkNCCL(SeqNum=901, OpType=ALLREDUCE)",
      1,
    );
    expect(findingOf(rule, hung)?.causes[0]?.id).toBe("slow-node");
    const dead = story("slurmstepd: error: Detected 1 oom_kill event in StepId=7.0", 137);
    expect(findingOf(rule, dead)?.causes[0]?.id).toBe("out-of-memory");
  });

  test("is silent on a pause like earlier ones, on short ones, and at the end of a run that went well", () => {
    expect(findingOf(rule, after(30_000))).toBeUndefined();
    const slow = rows.map((row, i) => ({ ...row, time: (row.time ?? 0) + Math.floor(i / 50) * 300_000 }));
    expect(findingOf(rule, { ...after(0), rows: slow, clock: (slow.at(-1)?.time ?? 0) + 400_000 })).toBeUndefined();
    expect(findingOf(rule, { rows, info: { status: "finished", endedAt: last + 900_000 } })).toBeUndefined();
  });

  test("gives way to a loss that is not a number", () => {
    const lost = rows.map((row, i) => (i < 150 ? row : { ...row, loss: Number.NaN }));
    expect(reportOn({ ...after(700_000), rows: lost }).findings.map((f) => f.rule)).toEqual(["non-finite-loss"]);
  });

  test("is not applicable without times or a clock", () => {
    expect(missingFor(rule, { rows: without(rows, "time") })).toContain("times of log rows");
    expect(missingFor(rule, { rows, info: { status: "running" } })).toContain("clock");
  });

  test("is silent on a healthy run", () => {
    expect(findingOf(rule, after(2000))).toBeUndefined();
    expect(reportOn(after(2000)).clean).toContain(rule);
  });
});
