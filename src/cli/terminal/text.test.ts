import { expect, test } from "vitest";
import { bytesText, durationText, labelled, numberText, plain, wrap } from "./text.ts";

test("text of a run cannot move the cursor, set the title or turn the reading direction", () => {
  expect(plain("a\u001b[2Jb\u001b]0;title\u0007c\r\nd\u202ee")).toBe("ab ]0;title c d e");
});

test("three significant digits, non-finite values in words", () => {
  const spelled = [0, 2.3123, 12_345.6, 0.000012345, 150, 1e9, 0.1, "NaN", "Infinity", "-Infinity", -0.00123].map(
    (value) => numberText(value),
  );
  expect(spelled).toEqual([
    "0",
    "2.31",
    "12346",
    "1.23e-5",
    "150",
    "1e9",
    "0.1",
    "NaN",
    "infinity",
    "-infinity",
    "-0.00123",
  ]);
});

test("lines break at spaces and align under their label", () => {
  expect(wrap("one two three", 7)).toEqual(["one two", "three"]);
  expect(labelled("why ", "aaaa bbbb cccc dddd eeee ffff", 24)).toEqual(["why aaaa bbbb cccc dddd", "    eeee ffff"]);
  expect(wrap("x".repeat(50), 10)).toEqual(["x".repeat(50)]);
});

test("durations and sizes for people", () => {
  expect([400, 12_000, 185_000, 7_800_000].map((ms) => durationText(ms))).toEqual([
    "0.4 s",
    "12 s",
    "3 min 5 s",
    "2 h 10 min",
  ]);
  expect([512, 3400, 25_000_000].map((n) => bytesText(n))).toEqual(["512 B", "3.4 kB", "25 MB"]);
});
