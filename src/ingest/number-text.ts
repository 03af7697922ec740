import { fromWire } from "../model/number.ts";
import { NumberScanner } from "./number-scanner.ts";

const numberPattern = /^[-+]?(?:\d[\d_,]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/;
// Thousands separators only where they stand right: "1,234,567", not "1,2".
const grouped = /^[-+]?\d{1,3}(?:,\d{3})+(?:\.\d*)?$/;

/** Most texts are plain JSON numbers. */
const scanner = new NumberScanner();

/** The number that a text spells, NaN and infinities included; undefined when it spells none. */
export function numberOf(text: string): number | undefined {
  if (scanner.scan(text, 0) && scanner.end === text.length) return scanner.value;
  if (!numberPattern.test(text)) return fromWire(text);
  if (!text.includes(",")) return Number(text.replaceAll("_", ""));
  return grouped.test(text) ? Number(text.replaceAll(",", "")) : undefined;
}
