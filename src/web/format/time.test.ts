import { expect, test } from "vitest";
import { absolute, ago, duration, elapsed } from "./time.ts";

test("durations in their two largest units", () => {
  expect(duration(250)).toBe("250 ms");
  expect(duration(192_000)).toBe("3 min 12 s");
  expect(duration(3_600_000 + 65_000)).toBe("1 h 01 min");
  expect(duration(Number.NaN)).toBe("–");
});

test("relative times turn into dates when they get old", () => {
  const now = Date.UTC(2026, 2, 1, 12);
  expect(ago(now - 2000, now)).toBe("just now");
  expect(ago(now - 5 * 60_000, now)).toBe("5 min ago");
  expect(ago(now - 90 * 86_400_000, now)).toBe(absolute(now - 90 * 86_400_000).slice(0, 10));
});

test("elapsed time keeps its sign", () => {
  expect(elapsed(3000)).toBe("0:03");
  expect(elapsed(3_760_000)).toBe("1:02:40");
  expect(elapsed(-2000)).toBe("\u22120:02");
});
