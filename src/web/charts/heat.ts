import type { Scheme } from "./palette.ts";

/**
 * Colours of the map of layers. Lightness alone carries the order (OKLCH, monotone), so that it reads with any
 * colour-vision deficiency and in grey; what is large stands out against the background of either scheme.
 */
type Oklch = readonly [lightness: number, chroma: number, hue: number];

interface Ramp {
  readonly low: Oklch;
  readonly high: Oklch;
}

const sequential: Readonly<Record<Scheme, Ramp>> = {
  light: { low: [0.95, 0.03, 95], high: [0.3, 0.12, 285] },
  dark: { low: [0.3, 0.06, 285], high: [0.93, 0.13, 98] },
};
/** Within its band a cell is quiet; below it is blue, above it orange, the pair that all can tell apart. */
const banded: Readonly<Record<Scheme, { readonly quiet: Oklch; readonly below: Oklch; readonly above: Oklch }>> = {
  light: { quiet: [0.93, 0.008, 250], below: [0.45, 0.15, 255], above: [0.55, 0.15, 55] },
  dark: { quiet: [0.34, 0.012, 250], below: [0.72, 0.13, 245], above: [0.8, 0.14, 75] },
};

export type Rgb = readonly [red: number, green: number, blue: number];

/** 256 colours from small to large. */
export function rampOf(scheme: Scheme): readonly Rgb[] {
  const { low, high } = sequential[scheme];
  return Array.from({ length: 256 }, (_none, i) => toRgb(between(low, high, i / 255)));
}

/** 256 colours: the first quarter below the band, the middle half in it, the last quarter above. */
export function bandRampOf(scheme: Scheme): readonly Rgb[] {
  const { quiet, below, above } = banded[scheme];
  return Array.from({ length: 256 }, (_none, i) => {
    const place = i / 255;
    if (place >= 0.25 && place <= 0.75) return toRgb(quiet);
    const [far, share] = place < 0.25 ? [below, 1 - place / 0.25] : [above, (place - 0.75) / 0.25];
    // Out of the band is seen at once, and how far is seen too.
    // The hue is that of its side from the start; between the two hues lies green.
    return toRgb(between([quiet[0], quiet[1], far[2]], far, 0.45 + 0.55 * share));
  });
}

const between = (a: Oklch, b: Oklch, share: number): Oklch => [
  a[0] + (b[0] - a[0]) * share,
  a[1] + (b[1] - a[1]) * share,
  a[2] + (b[2] - a[2]) * share,
];

/** OKLCH to sRGB, as in CSS Color 4. */
function toRgb([lightness, chroma, hue]: Oklch): Rgb {
  const a = chroma * Math.cos((hue * Math.PI) / 180);
  const b = chroma * Math.sin((hue * Math.PI) / 180);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const linear = [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
  const [red = 0, green = 0, blue = 0] = linear.map((one) => {
    const gamma = one <= 0.0031308 ? 12.92 * one : 1.055 * one ** (1 / 2.4) - 0.055;
    return Math.round(255 * Math.min(1, Math.max(0, gamma)));
  });
  return [red, green, blue];
}

/** How values become a place between 0 and 1 on the ramp. */
export interface HeatScale {
  readonly kind: "log" | "linear" | "band";
  readonly low: number;
  readonly high: number;
  /** NaN where the scale has no place for the value: a logarithm of 0. */
  place(value: number): number;
}

const clamp = (share: number): number => Math.min(1, Math.max(0, share));

export function linearScale(low: number, high: number): HeatScale {
  const span = high - low;
  return {
    kind: "linear",
    low,
    high,
    place: (value) => (span > 0 || Number.isNaN(value) ? clamp((value - low) / span) : 0.5),
  };
}

export function logScale(low: number, high: number): HeatScale {
  const [from, to] = [Math.log10(low), Math.log10(high)];
  return {
    kind: "log",
    low,
    high,
    place: (value) => (value > 0 ? (to > from ? clamp((Math.log10(value) - from) / (to - from)) : 0.5) : Number.NaN),
  };
}

/** The band takes the middle half of the ramp, two decades beyond each of its ends the quarters beside. */
export function bandScale(low: number, high: number): HeatScale {
  const [from, to] = [Math.log10(low), Math.log10(high)];
  return {
    kind: "band",
    low,
    high,
    place(value) {
      if (!(value > 0)) return Number.NaN;
      const log = Math.log10(value);
      if (log < from) return clamp(0.2499 - (0.25 * (from - log)) / 2);
      if (log > to) return clamp(0.7501 + (0.25 * (log - to)) / 2);
      return 0.25 + (0.5 * (log - from)) / (to - from);
    },
  };
}

/** A scale from the values themselves; the outermost hundredths do not stretch it. */
export function scaleOf(kind: "log" | "linear", values: readonly (number | null)[]): HeatScale {
  const known = values.filter((value): value is number => value !== null && (kind === "linear" || value > 0));
  const ascending = Float64Array.from(known).sort();
  if (ascending.length === 0) return kind === "log" ? logScale(0.1, 1) : linearScale(0, 1);
  const at = (share: number): number => ascending[Math.round(share * (ascending.length - 1))] ?? 0;
  const [low, high] = [at(0.01), at(0.99)];
  return kind === "log" ? logScale(low, high) : linearScale(low, high);
}

/** Exactly 0: no place on a logarithm, and seldom good. Neither of the ramp nor of the background. */
export const zeroColour: Readonly<Record<Scheme, Rgb>> = { light: [201, 206, 214], dark: [67, 74, 87] };

export const cssOf = ([red, green, blue]: Rgb): string => `rgb(${red} ${green} ${blue})`;
