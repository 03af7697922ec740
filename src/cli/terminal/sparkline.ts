/** One curve to draw; `step` and `value` have the same length. */
export interface Curve {
  readonly label: string;
  readonly step: ArrayLike<number>;
  readonly value: ArrayLike<number>;
}

export interface Sparkline {
  /** One character a bucket. A bucket that holds a value that is not finite shows it, whatever else it holds. */
  readonly bars: string;
  /** Bucket of the marked step; undefined when no step was given or it lies outside. */
  readonly mark: number | undefined;
}

const blocks = { unicode: "▁▂▃▄▅▆▇█", ascii: "_.-:=+*#" } as const;
const nonFinite = { unicode: "×", ascii: "x" } as const;

/**
 * A curve in `width` characters, buckets of equal numbers of points. Each bucket shows its value
 * farthest from the curve's median, so that a single-step spike is never averaged away.
 * Values that span more than three decades are drawn by logarithm.
 */
export function sparkline(curve: Curve, width: number, options: { unicode: boolean; mark?: number | null }): Sparkline {
  const length = curve.value.length;
  const buckets = Math.min(width, length);
  if (buckets === 0) return { bars: "", mark: undefined };
  const level = scale(curve.value);
  const characters = options.unicode ? blocks.unicode : blocks.ascii;
  const middle = level.middle;
  let bars = "";
  let mark: number | undefined;
  for (let bucket = 0; bucket < buckets; bucket += 1) {
    const from = Math.floor((bucket * length) / buckets);
    const to = Math.floor(((bucket + 1) * length) / buckets);
    let extreme = middle;
    let lost = false;
    for (let i = from; i < to; i += 1) {
      const value = curve.value[i] ?? Number.NaN;
      if (!Number.isFinite(value)) lost = true;
      else if (Math.abs(level.of(value) - middle) >= Math.abs(extreme - middle)) extreme = level.of(value);
      if (
        mark === undefined &&
        options.mark !== undefined &&
        options.mark !== null &&
        (curve.step[i] ?? 0) >= options.mark
      )
        mark = bucket;
    }
    const height = Math.min(characters.length - 1, Math.floor(extreme * characters.length));
    bars += lost ? (options.unicode ? nonFinite.unicode : nonFinite.ascii) : (characters[height] ?? " ");
  }
  return { bars, mark };
}

/** Maps finite values to [0, 1]; `middle` is the median's place. */
function scale(values: ArrayLike<number>): { of: (value: number) => number; middle: number } {
  const finite = Array.from(values)
    .filter((value) => Number.isFinite(value))
    .sort((a, b) => a - b);
  const low = finite[0] ?? 0;
  const high = finite.at(-1) ?? 0;
  const median = finite[finite.length >> 1] ?? 0;
  if (high === low) return { of: () => 0, middle: 0 };
  const logarithmic = low > 0 && high / low > 1000;
  const of = logarithmic
    ? (value: number) => (Math.log(value) - Math.log(low)) / (Math.log(high) - Math.log(low))
    : (value: number) => (value - low) / (high - low);
  return { of, middle: of(median) };
}
