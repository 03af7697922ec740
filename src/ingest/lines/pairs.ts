import { numberOf } from "../number-text.ts";
import type { Metric } from "./line-parser.ts";

/** A named number in a line of text. */
export interface Pair {
  readonly key: string;
  readonly value: number;
  /** Of `10/100`. */
  readonly total?: number;
  readonly from: number;
  readonly to: number;
}

const number = String.raw`[-+]?(?:\d[\d_]*(?:,\d{3})*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[-+]?(?:nan|inf(?:inity)?)\b`;
// A key of up to six words, `=` or `:`, a number, and behind it nothing that would make it part of
// a word, a clock time, an address or a path; units (ms, s, %, GiB, it/s) may follow.
const pattern = new RegExp(
  String.raw`(?<![\w.])([A-Za-z_][\w./@()%-]*(?: [A-Za-z_(][\w./@()%-]*){0,5}) ?[=:]\s{0,12}(?:tensor\()?(${number})(?:\s*/\s*(\d[\d_]*))?(?![\d:x]|[.][\w]|/\w|-\w)`,
  "gi",
);

/** Every `key=value`, `key: value` and `key = value` with a number, in order. */
export function pairsOf(text: string): Pair[] {
  const pairs: Pair[] = [];
  if (text === "" || (!text.includes("=") && !text.includes(":"))) return pairs;
  const searched = text.length > 8_192 ? text.slice(0, 8_192) : text;
  // `matchAll` would copy the pattern for each line.
  pattern.lastIndex = 0;
  for (let match = pattern.exec(searched); match !== null; match = pattern.exec(searched)) {
    const value = numberOf(match[2] ?? "");
    const total = match[3] === undefined ? undefined : numberOf(match[3]);
    if (value === undefined) continue;
    pairs.push({
      key: (match[1] ?? "").trim(),
      value,
      ...(total === undefined ? {} : { total }),
      from: match.index,
      to: pattern.lastIndex,
    });
  }
  return pairs;
}

/** The parts of a line that are a name and a number by `item`, whose groups 1 and 2 are these. */
export function metricsOf(parts: readonly string[], item: RegExp): Metric[] {
  const metrics: Metric[] = [];
  for (const part of parts) {
    const [, name, text] = item.exec(part.trim()) ?? [];
    const value = text === undefined ? undefined : numberOf(text);
    if (name !== undefined && value !== undefined) metrics.push([name, value]);
  }
  return metrics;
}
