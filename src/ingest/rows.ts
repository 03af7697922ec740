/** Rows of named values to points: the common part of the JSONL and CSV formats. */
import type { DecodedBuilder } from "./decoded-builder.ts";
import type { Literal } from "./literal.ts";
import { numberOf } from "./number-text.ts";
import { findStepKey, stepOf, timeOf } from "./step-key.ts";

/** A row: the names and values of one line of a file. */
export interface Row {
  readonly index: number;
  has(key: string): boolean;
  get(key: string): Literal | undefined;
  entries(): Iterable<readonly [string, Literal]>;
}

export interface RowOptions {
  readonly now: () => number;
  /** Columns that are neither metric nor step (progress, clocks). */
  readonly skip?: ReadonlySet<string>;
  /** The total behind the step ("10/100"). */
  readonly onTotal?: (total: number) => void;
}

/** Adds the points of one row, or says why there are none. `count`: rows so far, for a fractional epoch. */
export function addRow(row: Row, out: DecodedBuilder, options: RowOptions): string | undefined {
  // A column with nothing in it does not place the row: Lightning's files have an epoch in some rows only.
  const key = findStepKey((name) => row.has(name) && stepOf(row.get(name)) !== undefined);
  if (key === undefined) {
    const named = findStepKey((name) => row.has(name));
    return named === undefined ? "no step" : `${named} is ${shown(row.get(named))}, not a number`;
  }
  const found = stepOf(row.get(key));
  if (found === undefined) return "no step";
  const { step, total } = found;
  if (key !== "epoch" && !Number.isSafeInteger(step)) return `${key} is ${step}, not an integer`;
  if (total !== undefined) options.onTotal?.(total);
  let time = Number.NaN;
  for (const [name, value] of row.entries()) {
    const at = timeOf(name, value);
    if (at !== undefined) time = at;
  }
  if (Number.isNaN(time)) time = options.now();
  const at = { step: Number.isSafeInteger(step) ? step : row.index, time, index: row.index };
  for (const [name, value] of row.entries()) {
    if (name === key && key !== "epoch") continue;
    if (options.skip?.has(name) === true || timeOf(name, value) !== undefined) continue;
    const number = metricOf(value);
    if (number !== undefined) out.point(name, undefined, at, number);
  }
  return undefined;
}

/** A metric's value: numbers, texts that spell one, truth values as 0 and 1. */
function metricOf(value: Literal): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  return typeof value === "string" ? numberOf(value.trim()) : undefined;
}

const shown = (value: Literal | undefined): string =>
  value === null || value === undefined
    ? "missing"
    : typeof value === "object"
      ? "not a scalar"
      : `"${String(value).slice(0, 40)}"`;
