import { expect, test } from "vitest";
import { random } from "../analysis/synthetic.fixture.ts";
import { ByteNumberScanner, NumberScanner } from "./number-scanner.ts";

const scanned = (text: string, from = 0): number | undefined => {
  const scanner = new NumberScanner();
  const isNumber = scanner.scan(text, from);
  const inBytes = new ByteNumberScanner();
  const bytes = Uint8Array.from(Buffer.from(text));
  const isSame = inBytes.scan(bytes, from, new DataView(bytes.buffer)) === isNumber;
  if (!isSame || (isNumber && !(Object.is(inBytes.value, scanner.value) && inBytes.end === scanner.end)))
    throw new Error(`${text} is ${inBytes.value} in bytes`);
  return isNumber ? scanner.value : undefined;
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

test("gives what Number gives in and beside the middle between two float64", () => {
  const seed = 6;
  const next = random(seed);
  for (let i = 0; i < 1_000; i++) {
    // Between two neighbours from 2^53 to 2^54 lies one odd integer, halfway.
    const middle = 2n ** 53n + 2n * BigInt(next.integer(0, 2 ** 40)) + 1n;
    for (const digits of [middle, middle - 1n, middle + 1n, middle * 10n + 1n, middle * 10n - 1n])
      for (const text of [`${digits}`, `0.${digits}`, `${digits}e-20`, `${digits}e3`])
        expect(scanned(text), `seed ${seed}: ${text}`).toBe(Number(text));
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
