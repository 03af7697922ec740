import { describe, expect, test } from "vitest";
import { fault, healthy, onsetOf, rulesOn } from "../families.fixture.ts";
import { findingOf, missingFor, without } from "../outcome.fixture.ts";
import { healthyRows, random, type Row, usualShape } from "../synthetic.fixture.ts";

const rule = "throughput-drop";
const rows = healthyRows(random(7), { ...usualShape, evalEvery: 0 });

describe(rule, () => {
  test("a step time that rises and stays is found at its row", () => {
    const finding = findingOf(rule, fault("slower"));
    expect(finding).toMatchObject({ severity: "warning", recovered: false });
    expect(Math.abs((finding?.onset.step ?? 0) - onsetOf("slower"))).toBeLessThanOrEqual(20);
  });

  test("a throughput that falls is the same", () => {
    const finding = findingOf(rule, fault("throughputFalls", 2));
    expect(finding?.message).toContain("Throughput went from");
    expect(Math.abs((finding?.onset.step ?? 0) - onsetOf("throughputFalls", 2))).toBeLessThanOrEqual(20);
  });

  test("a steady growth is something that grows", () => {
    const finding = findingOf(rule, fault("leak"));
    expect(finding?.message).toContain("little by little");
    expect(finding?.causes[0]?.id).toBe("growing-state");
  });

  test("what grows from the start on is dated where it stands above what it began with, also by an odd block", () => {
    const next = random(9);
    const growing = rows.slice(0, 60).map((row, i): Row => {
      const isOdd = i >= 33 && i < 39;
      return { ...row, step_time: (1 + 0.05 * i) * (isOdd ? 1.35 : 1) * Math.exp(0.02 * next.normal()) };
    });
    const finding = findingOf(rule, { rows: growing });
    expect(finding).toMatchObject({ severity: "warning", causes: [{ id: "growing-state" }, {}, {}, {}] });
    // 1.3 times the start is row 6.
    expect(Math.abs((finding?.onset.step ?? 0) - (growing[6]?.step ?? 0))).toBeLessThanOrEqual(20);
    const stepped = growing.map((row, i): Row => ({ ...row, step_time: (i < 33 ? 1 : 2) * Math.exp(0.001 * i) }));
    expect(findingOf(rule, { rows: stepped })?.message).not.toContain("little by little");
  });

  test("what grows evenly from the first row on is dated from where its line begins, also behind a slow first row", () => {
    const next = random(5);
    const even = rows.slice(0, 40).map((row, i): Row => {
      const time = (i === 0 ? 1.25 : 1) * (1 + 0.06 * i) * Math.exp(0.02 * next.normal());
      return { ...row, step_time: time };
    });
    const finding = findingOf(rule, { rows: even });
    // 1.3 times the start is row 5.
    expect(Math.abs((finding?.onset.step ?? 0) - (even[5]?.step ?? 0))).toBeLessThanOrEqual(10);
  });

  test("rows that come ever later are something that grows, also where few were logged", () => {
    const next = random(4);
    let time = 1_700_000_000_000;
    const late = rows.slice(0, 34).map((row, i): Row => {
      time += 2_000 * (1 + 0.03 * next.normal()) * (i < 14 ? 1 : 1 + 0.5 * (i - 13));
      return { ...row, time };
    });
    const finding = findingOf(rule, { rows: late });
    expect(finding).toMatchObject({ severity: "warning", causes: [{ id: "growing-state" }, {}, {}, {}] });
    expect(Math.abs((finding?.onset.step ?? 0) - 150)).toBeLessThanOrEqual(40);
  });

  test("a few times as slow for long is noted of a clock that nobody measured, far more is an alarm", () => {
    const slow = (times: number): Row[] => {
      let time = 1_700_000_000_000;
      return rows.map((row, i): Row => {
        time += 1_000 * (1 + 0.02 * (i % 3)) * (i < 80 ? 1 : times);
        return { ...row, time };
      });
    };
    expect(findingOf(rule, { rows: slow(3) })?.severity).toBe("info");
    expect(findingOf(rule, { rows: slow(10) })?.severity).toBe("warning");
  });

  test("six times as slow is an alarm where each step is, as behind a slow drive, and noted where it wavers", () => {
    const slow = (wave: number): Row[] => {
      let time = 1_700_000_000_000;
      return rows.slice(0, 44).map((row, i): Row => {
        time += 1_000 * (1 + 0.02 * (i % 3)) * (i < 20 ? 1 : 6 * (1 + wave * Math.sin(i / 4)));
        return { ...row, time };
      });
    };
    const finding = findingOf(rule, { rows: slow(0) });
    expect(finding).toMatchObject({ severity: "warning", recovered: false });
    expect(Math.abs((finding?.onset.step ?? 0) - 210)).toBeLessThanOrEqual(20);
    expect(findingOf(rule, { rows: slow(0.4) })?.severity).not.toBe("warning");
  });

  test("of a log of two dozen rows as many slow ones as tell are enough where each is far slower than any before, and fewer are not", () => {
    const short = (first: number, waver = 0.02): Row[] => {
      let time = 1_700_000_000_000;
      return rows.slice(0, 24).map((row, i): Row => {
        // An evaluation takes as long as it did.
        const pause = i % 5 === 4 ? 3_000 : 0;
        time += pause + 5_000 * (1 + 0.05 * (i % 3)) * (i < first ? 1 : 6 * (1 + waver * ((i % 3) - 1)));
        return { ...row, time };
      });
    };
    expect(findingOf(rule, { rows: short(14) })).toMatchObject({ severity: "warning", onset: { step: 150 } });
    expect(findingOf(rule, { rows: short(14, 0.5) })?.severity).not.toBe("warning");
    expect(findingOf(rule, { rows: short(16) })).toMatchObject({ severity: "warning", onset: { step: 170 } });
    for (const first of [21, 22, 23]) expect(findingOf(rule, { rows: short(first) })).toBeUndefined();
    // Ten of a hundred rows, or ten that are over, are a moment.
    const steady = (i: number): Row => ({ step: 10 * i, loss: 2, step_time: i >= 90 && i < 100 ? 4 : 1 });
    expect(findingOf(rule, { rows: Array.from({ length: 100 }, (_, i) => steady(i)) })).toBeUndefined();
    expect(findingOf(rule, { rows: Array.from({ length: 120 }, (_, i) => steady(i)) })).toBeUndefined();
  });

  test("what cost some seconds only is not said", () => {
    let time = 1_700_000_000_000;
    const quick = rows.map((row, i): Row => ({ ...row, time: (time += i < 80 ? 10 : 40) }));
    expect(findingOf(rule, { rows: quick })).toBeUndefined();
  });

  test("what comes and goes is other load, and over", () => {
    const next = random(2);
    const loaded = rows.map((row, i) => ({
      ...row,
      step_time: (i >= 80 && i < 120 ? 2.5 : 1) * Math.exp(0.04 * next.normal()),
    }));
    const finding = findingOf(rule, { rows: loaded });
    expect(finding).toMatchObject({ recovered: true, causes: [{ id: "neighbour-load" }, {}, {}, {}] });
  });

  test("a shared machine that slows the rows down is only noted", () => {
    const next = random(3);
    let time = 1_700_000_000_000;
    const slowed = rows.map((row, i) => {
      time += (i < 100 ? 1000 : 2600) * Math.exp(0.05 * next.normal());
      return { ...row, time };
    });
    expect(findingOf(rule, { rows: slowed })?.severity).toBe("info");
  });

  test("is silent on pauses, compilation, wobbles and output in pieces", () => {
    for (const name of ["pauses", "wobbles", "bursts", "logged"]) expect(rulesOn(healthy(name, 5)), name).toEqual([]);
  });

  test("is silent when completions grow as much as the step time", () => {
    const longer = rows.map((row, i): Row => {
      const grown = i < 100 ? 1 : 2;
      return {
        step: row.step,
        reward: 0.3 + 0.003 * i,
        step_time: 10 * grown,
        "completions/mean_length": 200 * grown,
      };
    });
    expect(findingOf(rule, { rows: longer })).toBeUndefined();
  });

  test("a batch that grew by the configuration is more work, and slows down by no more than its growth", () => {
    const next = random(11);
    const ramp = (slower: number, name = "global batch size"): Row[] =>
      rows.slice(0, 100).map((row, i): Row => {
        const stage = Math.min(4, Math.floor(i / 20));
        const time = (1 + 0.4 * stage) * (i < 50 ? 1 : slower) * Math.exp(0.02 * next.normal());
        return { step: row.step, loss: row["loss"] ?? 0, step_time: time, [name]: 4 * (1 + stage) };
      });
    for (const name of ["global batch size", "batch_size", "train/effective_batch_size"])
      expect(findingOf(rule, { rows: ramp(1, name) })).toBeUndefined();
    expect(findingOf(rule, { rows: ramp(6) })?.severity).toBe("warning");
    // Of tokens a second it takes nothing away.
    const rates = ramp(1).map(({ step_time: time = 1, ...row }): Row => ({ ...row, tokens_per_second: 1000 / time }));
    expect(findingOf(rule, { rows: rates })?.severity).toBe("warning");
  });

  test("is not applicable without times", () => {
    expect(missingFor(rule, { rows: without(rows, "time") })?.length).toBeGreaterThan(0);
  });
});
