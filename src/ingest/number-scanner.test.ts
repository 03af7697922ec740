import { expect, test } from "vitest";
import { random } from "../analysis/synthetic.fixture.ts";
import { NumberScanner } from "./number-scanner.ts";

const scanned = (text: string, from = 0): number | undefined => {
  const scanner = new NumberScanner();
  return scanner.scan(text, from) ? scanner.value : undefined;
};

test("gives exactly what Number gives, for numbers of every length and size", () => {
  const seed = 5;
  const next = random(seed);
  for (let i = 0; i < 20_000; i++) {
    const value = (next.uniform() - 0.5) * 10 ** next.integer(-40, 40);
    const texts = [
      String(value),
      value.toPrecision(next.integer(1, 21)),
      value.toExponential(next.integer(0, 20)),
      value.toFixed(next.integer(0, 20)),
    ];
    for (const text of texts) expect(scanned(text), `seed ${seed}: ${text}`).toBe(Number(text));
  }
});

test.each(["0", "-0", "0.0", "1e0", "9007199254740993", "1e-400", "1e400", "123456789012345678901234567890", "0.1e-7"])(
  "%s is what Number makes of it",
  (text) => expect(scanned(text)).toBe(Number(text)),
);

test.each(["", "-", "+1", ".5", "1.", "1e", "1e+", "007", "NaN", "Infinity", "true", '"1"'])(
  "%s is left to the caller",
  (text) => expect(scanned(text)).toBeUndefined(),
);

test("says where the number ends", () => {
  const scanner = new NumberScanner();
  expect(scanner.scan("[12.5,-3]", 1)).toBe(true);
  expect([scanner.value, scanner.end]).toEqual([12.5, 5]);
});
