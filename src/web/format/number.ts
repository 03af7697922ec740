import { fromWire, type WireNumber } from "../../model/number.ts";

const minus = "\u2212";
const thin = "\u202f";

/** Three significant digits, NaN and infinities in words. What is missing is an en dash. */
export function short(value: number | WireNumber | null | undefined): string {
  const number = value === null || value === undefined ? undefined : fromWire(value);
  if (number === undefined) return "–";
  if (Number.isNaN(number)) return "NaN";
  if (!Number.isFinite(number)) return number > 0 ? "Infinity" : `${minus}Infinity`;
  if (number === 0) return "0";
  const size = Math.abs(number);
  const text =
    size >= 1e6 || size < 1e-4
      ? scientific(number)
      : size >= 100
        ? grouped(Math.round(number))
        : String(Number(number.toPrecision(3)));
  return text.replace(/^-/, minus);
}

/** Every digit, for hover and for copying. */
export function full(value: number | WireNumber | null | undefined): string {
  const number = value === null || value === undefined ? undefined : fromWire(value);
  return number === undefined ? "no value" : String(number);
}

/** A whole number with groups of three: 12 300. */
export function grouped(value: number): string {
  const digits = String(Math.trunc(Math.abs(value)));
  const text = digits.length < 5 ? digits : digits.replaceAll(/\B(?=(\d{3})+$)/g, thin);
  return value < 0 ? `${minus}${text}` : text;
}

/** Counts in headings and badges: 950, 12.3 k, 4.56 M. */
export function compact(value: number): string {
  for (const [size, unit] of units) if (value >= size) return `${Number((value / size).toPrecision(3))}${thin}${unit}`;
  return value >= 10 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}

const units = [
  [1e12, "T"],
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
] as const;

export function bytes(value: number): string {
  for (const [size, unit] of byteUnits)
    if (value >= size) return `${Number((value / size).toPrecision(3))}${thin}${unit}`;
  return `${value}${thin}B`;
}

const byteUnits = [
  [2 ** 40, "TiB"],
  [2 ** 30, "GiB"],
  [2 ** 20, "MiB"],
  [2 ** 10, "KiB"],
] as const;

export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${grouped(count)} ${count === 1 ? one : many}`;

function scientific(value: number): string {
  const [mantissa = "", exponent = ""] = value.toExponential(2).split("e");
  return `${Number(mantissa)}e${exponent.replace("+", "")}`;
}
