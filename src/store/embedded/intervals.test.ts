import { expect, test } from "vitest";
import { generator } from "../store-examples.ts";
import { Intervals } from "./intervals.ts";

test("holds exactly what was added, in whatever order, and merges what touches", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const next = generator(seed);
    const intervals = new Intervals();
    const reference = new Set<number>();
    for (let step = 0; step < 60; step++) {
      const first = Math.floor(next() * 80);
      const last = first + (next() < 0.7 ? 0 : Math.floor(next() * 10));
      intervals.add(first, last);
      for (let value = first; value <= last; value++) reference.add(value);
    }
    for (let value = -1; value <= 95; value++) expect(intervals.has(value)).toBe(reference.has(value));
    const parts = [...intervals];
    for (const [index, [start]] of parts.entries()) {
      if (index > 0) expect(start).toBeGreaterThan((parts[index - 1]?.[1] ?? 0) + 1);
    }
  }
});

test("batches in a row are one interval", () => {
  const intervals = new Intervals();
  for (let value = 1; value <= 1000; value++) intervals.add(value);
  expect([...intervals]).toEqual([[1, 1000]]);
});
