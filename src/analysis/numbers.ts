/** Numbers as messages say them: four significant digits, whole numbers up to seven, others as powers of ten, `NaN` and infinities by name. */
export function say(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (value === 0) return "0";
  const size = Math.abs(value);
  // A loss scale is 262144, not about 262100.
  if (Number.isInteger(value) && size < 1e7) return String(value);
  if (size >= 1e6 || size < 1e-4) return powerOfTen(Number(value.toPrecision(3)));
  return String(Number(value.toPrecision(4)));
}

/** `4.51e-6` and `3.02e10`: zeros that have to be counted are no number to read. */
const powerOfTen = (value: number): string => value.toExponential().replace("e+", "e");

export const saySteps = (count: number, noun = "logged step"): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

/** A setting that a person would type: two significant digits. */
export const round = (value: number): number => Number(value.toPrecision(2));

/** Milliseconds as people say them. */
export function sayTime(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 120) return `${say(Math.round(seconds * 10) / 10)} s`;
  if (seconds < 7200) return `${say(Math.round(seconds / 60))} min`;
  return `${say(Math.round(seconds / 360) / 10)} h`;
}
