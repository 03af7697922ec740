import { expect, test } from "vitest";
import { random } from "../analysis/synthetic.fixture.ts";
import { RunningMedian } from "./running-median.ts";
import { median } from "./statistics.ts";

test("is the median of all values so far, exactly, after each of them", () => {
  const next = random(3);
  const running = new RunningMedian();
  const values: number[] = [];
  expect(running.median).toBeNaN();
  for (let i = 0; i < 600; i++) {
    // Rounded, so that equal values come up.
    const value = Math.round(20 * next.normal()) / 10 || 0;
    values.push(value);
    running.push(value);
    expect(running.median).toBe(median(values));
  }
  expect(running.length).toBe(600);
});
