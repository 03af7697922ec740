import { describe, expect, it } from "vitest";
import { maxPointsPerBatch, maxRejectionsListed } from "../api/points.ts";
import { readColumns } from "./columns.ts";

const now = 1_700_000_000_000;

describe("readColumns", () => {
  it("keeps numbers, NaN and infinities, and skips missing values", () => {
    const { series, accepted, rejected } = readColumns(
      [{ name: "loss", step: [1, "2", 3, 4, 5], value: [0.5, "NaN", "Infinity", "-Infinity", null] }],
      now,
    );
    expect(accepted).toBe(4);
    expect(rejected).toEqual([]);
    expect(series[0]?.value).toEqual(
      Float64Array.of(0.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
    );
    expect(series[0]?.step).toEqual(Float64Array.of(1, 2, 3, 4));
    expect(series[0]?.time).toEqual(Float64Array.of(now, now, now, now));
  });

  it("refuses bad items one by one, counting through the batch", () => {
    const { series, accepted, rejected } = readColumns(
      [
        { name: "a", step: [1, 2.5, "x", 4], value: [1, 2, 3, {}] },
        { name: "b", step: [1, 2, 2 ** 53], time: [null, "noon", 3], value: [1, 2, 3] },
      ],
      now,
    );
    expect(accepted).toBe(2);
    expect(rejected.map((r) => r.index)).toEqual([1, 2, 3, 5, 6]);
    expect(rejected.map((r) => r.reason.split(" ")[0])).toEqual(["step", "step", "value", "time", "step"]);
    expect(series.map((s) => s.step.length)).toEqual([1, 1]);
    expect(series[1]?.time).toEqual(Float64Array.of(Number.NaN));
  });

  it("refuses an item that is nested deeper than any recursion goes", () => {
    const deep: unknown = JSON.parse(`${"[".repeat(200_000)}${"]".repeat(200_000)}`);
    const { accepted, rejected } = readColumns(
      [{ name: "a", step: [deep, 2, 3], time: [1, deep, 3], value: [1, 2, deep] }],
      now,
    );
    expect(accepted).toBe(0);
    expect(rejected).toHaveLength(3);
    expect(Math.max(...rejected.map((r) => r.reason.length))).toBeLessThan(200);
  });

  it.each([true, "12", "abc", [], {}])("does not take %j for a value", (value) => {
    expect(readColumns([{ name: "a", step: [1], value: [value] }], now).accepted).toBe(0);
  });

  it.each(["", " 1", "1e3", "0x10", "1.0", "99999999999999999", true, null, 1e300, "__proto__"])(
    "does not take %j for a step",
    (step) => {
      expect(readColumns([{ name: "a", step: [step], value: [1] }], now).rejectedCount).toBe(1);
    },
  );

  it("refuses a series of uneven columns as a whole and keeps the others", () => {
    const { series, accepted, rejected, rejectedCount } = readColumns(
      [
        { name: "uneven", step: [1], value: [1, 2] },
        { name: "even", step: [7], value: [8] },
      ],
      now,
    );
    expect(accepted).toBe(1);
    expect(series.map((s) => s.name)).toEqual(["even"]);
    expect(rejected).toMatchObject([{ index: 0 }]);
    expect(rejected[0]?.reason).toContain("step has 1, value has 2");
    expect(rejectedCount).toBe(2);
  });

  it("lists only the first refusals and counts all", () => {
    const value = Array.from({ length: 3 * maxRejectionsListed }, () => "bad");
    const { rejected, rejectedCount } = readColumns([{ name: "a", step: value, value }], now);
    expect(rejected).toHaveLength(maxRejectionsListed);
    expect(rejectedCount).toBe(3 * maxRejectionsListed);
  });

  it("refuses a batch of too many points", () => {
    const half = Array.from({ length: maxPointsPerBatch / 2 + 1 }, () => 0);
    const one = { name: "a", step: half, value: half };
    expect(() => readColumns([one, { ...one, name: "b" }], now)).toThrow(/Send several batches/);
  });
});
