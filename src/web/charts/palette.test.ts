import { expect, test } from "vitest";
import { colours } from "../theme.ts";
import { hues, inkOf, runSlots, type Scheme } from "./palette.ts";

type Rgb = readonly [number, number, number];

/** sRGB as light, 0 to 1. */
function light(hex: string): Rgb {
  const at = (i: number): number => {
    const c = Number.parseInt(hex.slice(i, i + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  };
  return [at(1), at(3), at(5)];
}

/** WCAG 2. */
function contrast(a: string, b: string): number {
  const luminance = ([r, g, bl]: Rgb): number => 0.2126 * r + 0.7152 * g + 0.0722 * bl;
  const [x, y] = [luminance(light(a)) + 0.05, luminance(light(b)) + 0.05];
  return Math.max(x, y) / Math.min(x, y);
}

/** Machado, Oliveira, Fernandes 2009, severity 1.0. */
const visions: Readonly<Record<string, readonly Rgb[]>> = {
  normal: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

function oklab(rgb: readonly number[]): Rgb {
  const [r = 0, g = 0, b = 0] = rgb.map((c) => Math.max(0, c));
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

const schemes: readonly Scheme[] = ["light", "dark"];

test.each(schemes)(
  "eight %s hues differ for every kind of colour vision and stand out from the background",
  (scheme) => {
    for (const [vision, rows] of Object.entries(visions)) {
      const seen = hues[scheme].map((hex) => {
        const [r, g, b] = light(hex);
        return oklab(rows.map(([x, y, z]) => x * r + y * g + z * b));
      });
      seen.forEach(([l, a, b], i) => {
        for (const [l2, a2, b2] of seen.slice(0, i))
          expect(Math.hypot(l - l2, a - a2, b - b2), `hue ${i} with ${vision}`).toBeGreaterThan(0.11);
      });
    }
    for (const hue of hues[scheme]) expect(contrast(hue, colours[scheme].bg), hue).toBeGreaterThan(3);
  },
);

test.each(schemes)("%s text is readable on every background it stands on", (scheme) => {
  const c = colours[scheme];
  for (const text of [c.text, c.muted, c.accent, c.error, c.warning, c.info, c.fixed])
    for (const under of [c.bg, c.surface, c.raised])
      expect(contrast(text, under), `${text} on ${under}`).toBeGreaterThan(4.5);
  for (const [text, under] of [
    [c.error, c["error-soft"]],
    [c.accent, c["accent-soft"]],
    [c.text, c["info-soft"]],
  ] as const)
    expect(contrast(text, under), `${text} on ${under}`).toBeGreaterThan(4.5);
});

test("runs keep their colour, and two runs together never share one", () => {
  const ids = Array.from({ length: 20 }, (_none, i) => `run-${i}`);
  const slots = runSlots(ids);
  expect(new Set(slots.values()).size).toBe(20);
  expect(runSlots(["run-3"]).get("run-3")).toBe(runSlots(["run-3", "other"]).get("run-3"));
  const inks = [...slots.values()].map((slot) => JSON.stringify(inkOf(slot, "light")));
  expect(new Set(inks).size).toBe(20);
});
