import { expect, test } from "vitest";
import { bytes, compact, full, grouped, plural, short } from "./number.ts";

test("three significant digits, and words for what is no number", () => {
  expect(short(3.14159)).toBe("3.14");
  expect(short(0.000314159)).toBe("0.000314");
  expect(short(0.0000314159)).toBe("3.14e-5");
  expect(short(286)).toBe("286");
  expect(short(123456)).toBe("123\u202f456");
  expect(short(12_345_678)).toBe("1.23e7");
  expect(short(-2.5)).toBe("\u22122.5");
  expect(short(0)).toBe("0");
  expect(short(Number.NaN)).toBe("NaN");
  expect(short("NaN")).toBe("NaN");
  expect(short("-Infinity")).toBe("\u2212Infinity");
  expect(short(null)).toBe("–");
});

test("the full value loses no digit", () => {
  expect(full(0.1 + 0.2)).toBe("0.30000000000000004");
  expect(full("Infinity")).toBe("Infinity");
  expect(full(undefined)).toBe("no value");
});

test("counts", () => {
  expect(compact(12_345)).toBe("12.3\u202fk");
  expect(compact(10_000_000)).toBe("10\u202fM");
  expect(compact(9.87)).toBe("9.87");
  expect(grouped(9999)).toBe("9999");
  expect(grouped(-1234567)).toBe("\u22121\u202f234\u202f567");
  expect(plural(1, "run")).toBe("1 run");
  expect(plural(2, "run")).toBe("2 runs");
  expect(bytes(1536)).toBe("1.5\u202fKiB");
});
