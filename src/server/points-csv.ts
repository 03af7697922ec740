import { toWire } from "../model/number.ts";
import type { StoredPoints } from "../store/store.ts";

/** Points as CSV (RFC 4180), one line a point. Time is ISO 8601, empty when unknown. */
export function pointsCsv(series: readonly StoredPoints[]): string {
  const lines = ["series,segment,step,time,value"];
  for (const { id, segment, step, time, value } of series) {
    const name = textCell(id);
    for (let i = 0; i < value.length; i += 1) {
      lines.push(`${name},${segment[i] ?? 0},${step[i] ?? ""},${isoTime(time[i])},${toWire(value[i] ?? Number.NaN)}`);
    }
  }
  return `${lines.join("\r\n")}\r\n`;
}

/** A spreadsheet runs cells that begin like a formula, and names are anybody's data: such a cell gets an apostrophe. */
function textCell(text: string): string {
  const tame = /^[=+\-@\t\r\0]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(tame) ? `"${tame.replaceAll('"', '""')}"` : tame;
}

/** The largest time that a Date can hold, in milliseconds. */
const maxTime = 8.64e15;

const isoTime = (time: number | undefined): string =>
  time === undefined || !(Math.abs(time) <= maxTime) ? "" : new Date(time).toISOString();
