/**
 * The same number as a file holds it and as it was printed: digits were cut off. How many is told by the
 * numbers themselves: a trainer prints a fixed number of decimals (`%.4f`) or of significant digits (`%.4g`).
 */
interface Precision {
  readonly decimals: number;
  readonly significant: number;
}

const form = /^-?(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/;

function precisionOf(value: number): Precision | undefined {
  const [, whole, fraction = "", exponent = "0"] = form.exec(String(value)) ?? [];
  if (whole === undefined) return undefined;
  return {
    decimals: Math.max(0, fraction.length - Number(exponent)),
    significant: `${whole}${fraction}`.replace(/^0+/, "").length,
  };
}

/** The most digits that any of these has: printing drops zeros at the end of single ones. */
export function precisionOfAll(values: Iterable<number>): Precision {
  let decimals = 0;
  let significant = 1;
  for (const value of values) {
    const precision = precisionOf(value);
    if (precision === undefined) continue;
    decimals = Math.max(decimals, precision.decimals);
    significant = Math.max(significant, precision.significant);
  }
  return { decimals, significant };
}

/** Half a unit of the last place that a printed value of this precision keeps. */
export function roundingOf(value: number, { decimals, significant }: Precision): number {
  const size = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)));
  return 0.5001 * Math.max(10 ** -decimals, value === 0 ? 0 : 10 ** (size - significant + 1));
}

/** Whether two values are one, up to the digits of the one that has fewer. */
export function isSamePrinted(a: number, b: number): boolean {
  if (Object.is(a, b) || a === b) return true;
  if (!Number.isFinite(a) || !Number.isFinite(b)) return false;
  const half = Math.max(roundingOf(a, precisionOfAll([a])), roundingOf(b, precisionOfAll([b])));
  return Math.abs(a - b) <= half;
}
