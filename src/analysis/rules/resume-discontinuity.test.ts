import { describe, expect, test } from "vitest";

import { healthyFamilies } from "../healthy.fixture.ts";
import { findingOf, missingFor, reportOn, without } from "../outcome.fixture.ts";
import { healthyRows, random, type Row, type Story, usualShape } from "../synthetic.fixture.ts";

const rule = "resume-discontinuity";
const rows = healthyRows(random(5), usualShape);
const healthy: Story = { rows };

/** Killed after row 120, resumed from row 100; `after` changes the rows of the second life. */
const resumed = (after: (row: Row, i: number) => Row): Story => ({
  rows: [...rows.slice(0, 120), ...rows.slice(100).map(after)],
});

describe("resume-discontinuity", () => {
  test("sees a loss that is higher after the steps went back, and a schedule that begins anew", () => {
    const finding = findingOf(
      rule,
      resumed((row, i) => ({
        ...row,
        loss: (row["loss"] ?? 0) * (1 + 0.4 * Math.exp(-i / 10)),
        learning_rate: i * 2e-5,
      })),
    );
    expect(finding).toMatchObject({ severity: "warning", onset: { step: 1010 } });
    expect(finding?.causes[0]?.id).toBe("schedule-not-restored");
    expect(finding?.message).toContain("learning rate");
  });

  test("a loss that is lower at once speaks for repeated data", () => {
    const finding = findingOf(
      rule,
      resumed((row) => ({ ...row, loss: (row["loss"] ?? 0) * 0.6 })),
    );
    expect(finding?.causes[0]?.id).toBe("data-seen-again");
  });

  test.each(["Transferred 0/44 items from last.pt", "Loaded 0 of 120 weights from last.pt"])(
    "weights that were not loaded are named by the log: %s",
    (message) => {
      const higher = resumed((row, i) => ({ ...row, loss: (row["loss"] ?? 0) * (1 + Math.exp(-i / 10)) }));
      const causes = (...messages: string[]): (string | undefined)[] =>
        findingOf(rule, { ...higher, records: messages.map((one) => ({ message: one })) })?.causes.map(
          ({ id }) => id,
        ) ?? [];
      expect(causes(message)[0]).toBe("different-seed-or-init");
      expect(causes(message.replace(/0(?= of|\/)/, "44"))).not.toContain("different-seed-or-init");
      expect(causes()).not.toContain("different-seed-or-init");
    },
  );

  test("the spike after it is the same story", () => {
    const report = reportOn(
      resumed((row, i) => ({ ...row, loss: (row["loss"] ?? 0) * (i < 6 ? 3 : 1), learning_rate: i * 2e-5 })),
    );
    expect(report.findings.map((f) => f.rule)).toEqual([rule]);
  });

  test("is silent when everything was restored", () => {
    expect(
      findingOf(
        rule,
        resumed((row) => row),
      ),
    ).toBeUndefined();
    for (let seed = 300; seed < 320; seed++) {
      const story = healthyFamilies.get("resumedWell")?.(seed);
      if (story === undefined) throw new Error("no family");
      expect(findingOf(rule, story)).toBeUndefined();
    }
  });

  test("is silent at the restarts of a cosine schedule", () => {
    const restarts = healthyFamilies.get("restarts")?.(2);
    expect(restarts && findingOf(rule, restarts)).toBeUndefined();
  });

  test("is silent on a healthy run", () => {
    expect(findingOf(rule, healthy)).toBeUndefined();
    expect(reportOn(healthy).clean).toContain(rule);
  });

  test("is not applicable without a loss, and to a reinforcement loss", () => {
    expect(missingFor(rule, { rows: without(rows, "loss") })).toContain("loss of supervised training");
    const policy = rows.map((row): Row => ({ ...row, reward: 0.5 }));
    expect(missingFor(rule, { rows: policy })).toContain("loss of supervised training");
  });
});

describe("killed right after a row, and resumed from the step before it", () => {
  const timed = rows.map((row, i): Row => ({ ...row, time: 1_700_000_000_000 + i * 2_000 }));
  const pause = (ms: number): Row[] => [
    ...timed.slice(0, 120),
    ...timed.slice(119).map((row, i): Row => ({
      ...row,
      time: (row["time"] ?? 0) + ms,
      loss: (row["loss"] ?? 0) * (1 + 0.5 * Math.exp(-i / 8)),
      learning_rate: 1e-3,
    })),
  ];

  test("the same step after a long pause is a resume", () => {
    expect(findingOf(rule, { rows: pause(600_000) })).toMatchObject({ onset: { step: 1200 } });
  });

  test("the same step twice in the usual time is none", () => {
    expect(findingOf(rule, { rows: pause(2_000) })).toBeUndefined();
  });
});
