import type { Literal, LiteralObject } from "./literal.ts";
import { isObject } from "./literal.ts";
import { numberOf } from "./number-text.ts";

/**
 * Columns that say where a row stands, best first. `epoch` is last: it is a step only where nothing
 * finer is there. `global_step/max_steps` is ms-swift's, with values like "10/100".
 */
const stepKeys = [
  "step",
  "global_step",
  "global_step/max_steps",
  "current_steps",
  "iteration",
  "iter",
  "_step",
  "trainer/global_step",
  "train/global_step",
  "num_updates",
  "train_num_updates",
  "valid_num_updates",
  "total_train_updates",
  "steps",
  "epoch",
] as const;

const timeKeys = new Set([
  "time",
  "timestamp",
  "_timestamp",
  "created",
  "created_at",
  "datetime",
  "date",
  "wall_time",
  "ts",
]);
/** Below this a "time" is a duration in seconds, not a date: 2001-09-09 in seconds since the epoch. */
const earliest = 1_000_000_000;

export const findStepKey = (has: (key: string) => boolean): string | undefined => stepKeys.find(has);

/** Places of the columns that may say where a row stands, best first. */
export const stepKeysIn = (columns: readonly string[]): number[] =>
  stepKeys.flatMap((key) => (columns.includes(key) ? [columns.indexOf(key)] : []));

/** Whether a column of this name may hold a date; `timeOf` judges the value. */
export const isTimeKey = (key: string): boolean => timeKeys.has(key);

/** A number, or a text that spells one, or the first part of "10/100". */
export function stepOf(value: Literal | undefined): { step: number; total?: number } | undefined {
  if (typeof value === "number") return { step: value };
  if (typeof value !== "string") return undefined;
  const [first = "", second] = value.trim().split("/");
  const step = numberOf(first.trim());
  if (step === undefined) return undefined;
  const total = second === undefined ? undefined : numberOf(second.trim());
  return total === undefined ? { step } : { step, total };
}

/** Milliseconds since the epoch, when this column is a date: seconds or milliseconds, or ISO 8601 text. */
export function timeOf(key: string, value: Literal | undefined): number | undefined {
  if (!timeKeys.has(key)) return undefined;
  const number = typeof value === "number" ? value : typeof value === "string" ? numberOf(value) : undefined;
  if (number !== undefined) {
    if (!(number >= earliest) || number > 1e14) return undefined;
    return number >= earliest * 100 ? number : number * 1_000;
  }
  if (typeof value !== "string" || !/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d/.test(value)) return undefined;
  const zoned = /(Z|[+-]\d\d:?\d\d)$/.test(value) ? value : `${value}Z`;
  const time = Date.parse(zoned.replace(" ", "T"));
  return Number.isNaN(time) ? undefined : time;
}

/** One level of nesting is opened, since some loggers keep the metrics beside the step (`{"step": 1, "data": {...}}`). */
export function flatRow(object: LiteralObject): LiteralObject {
  let nested = false;
  for (const value of object.values()) nested ||= isObject(value);
  if (!nested) return object;
  const flat: LiteralObject = new Map();
  for (const [key, value] of object) {
    if (!isObject(value)) flat.set(key, value);
    else {
      // An envelope's name says nothing; any other group's name belongs to the metric.
      const prefix = /^(data|metrics|values|log|logs)$/.test(key) ? "" : `${key}/`;
      for (const [inner, innerValue] of value) if (!flat.has(prefix + inner)) flat.set(prefix + inner, innerValue);
    }
  }
  return flat;
}
