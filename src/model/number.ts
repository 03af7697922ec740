import { z } from "zod";

/**
 * A number on the wire. JSON has no NaN or infinities, and in this product they are the most
 * valuable data there are, so they travel as the strings "NaN", "Infinity" and "-Infinity".
 */
export const WireNumber = z.union([z.number(), z.enum(["NaN", "Infinity", "-Infinity"])]);
export type WireNumber = z.infer<typeof WireNumber>;

export function toWire(value: number): WireNumber {
  if (Number.isFinite(value)) return value;
  if (Number.isNaN(value)) return "NaN";
  return value > 0 ? "Infinity" : "-Infinity";
}

/** The inverse of `toWire`; also accepts the spellings of other programs ("nan", "inf", "-inf"). */
export function fromWire(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value !== "string") return undefined;
  return spellings.get(value.toLowerCase());
}

const spellings: ReadonlyMap<string, number> = new Map([
  ["nan", Number.NaN],
  ["infinity", Number.POSITIVE_INFINITY],
  ["+infinity", Number.POSITIVE_INFINITY],
  ["inf", Number.POSITIVE_INFINITY],
  ["+inf", Number.POSITIVE_INFINITY],
  ["-infinity", Number.NEGATIVE_INFINITY],
  ["-inf", Number.NEGATIVE_INFINITY],
]);

/** JSON text in which non-finite numbers are spelled as strings. */
export const toJson = (value: unknown, indent?: number): string =>
  JSON.stringify(value, (_key, v: unknown) => (typeof v === "number" ? toWire(v) : v), indent);
