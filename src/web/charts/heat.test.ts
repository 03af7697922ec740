import { expect, test } from "vitest";
import { bandRampOf, bandScale, logScale, rampOf, scaleOf, type Rgb } from "./heat.ts";

const luminance = ([red, green, blue]: Rgb): number => {
  const [r = 0, g = 0, b = 0] = [red, green, blue].map((one) => {
    const share = one / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};

test("lightness alone carries the order, in both schemes", () => {
  for (const [scheme, sign] of [
    ["light", -1],
    ["dark", 1],
  ] as const) {
    const steps = rampOf(scheme).map(luminance);
    // Rounding to 8 bits may repeat a colour, never turn back.
    for (let i = 4; i < steps.length; i += 4) expect(sign * ((steps[i] ?? 0) - (steps[i - 4] ?? 0))).toBeGreaterThan(0);
    expect(Math.abs((steps[255] ?? 0) - (steps[0] ?? 0))).toBeGreaterThan(0.5);
  }
});

test("the band is quiet and both sides are told from it and from each other", () => {
  for (const scheme of ["light", "dark"] as const) {
    const ramp = bandRampOf(scheme);
    expect(ramp[70]).toEqual(ramp[180]);
    expect(ramp[0]).not.toEqual(ramp[255]);
    expect((ramp[0]?.[2] ?? 0) - (ramp[0]?.[0] ?? 0)).toBeGreaterThan(60);
    expect((ramp[255]?.[0] ?? 0) - (ramp[255]?.[2] ?? 0)).toBeGreaterThan(60);
  }
});

test("places of values", () => {
  const log = logScale(1e-3, 1e1);
  expect(log.place(1e-1)).toBeCloseTo(0.5);
  expect(log.place(1e-9)).toBe(0);
  expect(log.place(0)).toBeNaN();
  const band = bandScale(1e-4, 1e-1);
  expect(band.place(1e-4)).toBeCloseTo(0.25);
  expect(band.place(1e-5)).toBeLessThan(0.25);
  expect(band.place(1)).toBeGreaterThan(0.75);
  const own = scaleOf("log", [null, 0, ...Array.from({ length: 200 }, () => 1), 5, 1e9]);
  expect(own.high).toBeLessThan(1e9);
  expect(scaleOf("linear", []).place(0.5)).toBe(0.5);
});
