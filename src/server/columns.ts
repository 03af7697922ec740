import type { z } from "zod";
import { maxPointsPerBatch, maxRejectionsListed, type PointsBody } from "../api/points.ts";
import { AppError } from "../base/errors.ts";
import type { Rejection } from "../model/batch.ts";
import { fromWire } from "../model/number.ts";
import type { SeriesPoints } from "../model/series.ts";
import { latestTime } from "../model/time.ts";

type SeriesColumns = z.output<typeof PointsBody>["series"][number];

export interface ReadColumns {
  readonly series: readonly SeriesPoints[];
  readonly accepted: number;
  /** The first `maxRejectionsListed`; `rejectedCount` counts all. */
  readonly rejected: readonly Rejection[];
  readonly rejectedCount: number;
}

/**
 * Columns of untrusted items to typed arrays. A bad item is refused with its index and the rest is kept;
 * a null value is missing and skipped; columns of unequal length refuse that series as a whole.
 * `now`: milliseconds since the epoch, for points that carry no time.
 */
export function readColumns(series: readonly SeriesColumns[], now: number): ReadColumns {
  const total = series.reduce((sum, { value }) => sum + value.length, 0);
  if (total > maxPointsPerBatch) {
    throw new AppError(
      "too-large",
      `The batch has ${total} points; at most ${maxPointsPerBatch} are accepted. Send several batches.`,
    );
  }
  const refusals = new Refusals();
  const read: SeriesPoints[] = [];
  let accepted = 0;
  let base = 0;
  for (const one of series) {
    const { name, value } = one;
    const uneven = unevenness(one);
    if (uneven !== undefined) {
      refusals.add(base, `series ${JSON.stringify(name)}: ${uneven}`, Math.max(1, value.length));
    } else {
      const points = readOne(one, now, base, refusals);
      if (points.value.length > 0) read.push(points);
      accepted += points.value.length;
    }
    base += value.length;
  }
  return { series: read, accepted, rejected: refusals.listed, rejectedCount: refusals.count };
}

class Refusals {
  readonly listed: Rejection[] = [];
  count = 0;
  add(index: number, reason: string, points = 1): void {
    this.count += points;
    if (this.listed.length < maxRejectionsListed) this.listed.push({ index, reason });
  }
}

function unevenness({ step, time, value }: SeriesColumns): string | undefined {
  if (step.length === value.length && (time === undefined || time.length === value.length)) return undefined;
  const lengths = [
    `step has ${step.length}`,
    ...(time ? [`time has ${time.length}`] : []),
    `value has ${value.length}`,
  ];
  return `columns differ in length (${lengths.join(", ")}); none of its points was stored`;
}

function readOne(
  { name, labels, step, time, value }: SeriesColumns,
  now: number,
  base: number,
  refusals: Refusals,
): SeriesPoints {
  const steps = new Float64Array(value.length);
  const times = new Float64Array(value.length);
  const values = new Float64Array(value.length);
  let kept = 0;
  for (let i = 0; i < value.length; i += 1) {
    const rawValue = value[i];
    if (rawValue === null) continue;
    const number = typeof rawValue === "number" ? rawValue : fromWire(rawValue);
    if (number === undefined) {
      refusals.add(base + i, `value ${show(rawValue)}: expected a number, "NaN", "Infinity" or "-Infinity"`);
      continue;
    }
    const rawStep = step[i];
    const at = typeof rawStep === "number" ? rawStep : readStep(rawStep);
    if (!Number.isSafeInteger(at)) {
      refusals.add(base + i, `step ${show(rawStep)}: expected an integer`);
      continue;
    }
    const rawTime = time === undefined ? now : time[i];
    if (rawTime !== null && !(typeof rawTime === "number" && Math.abs(rawTime) < latestTime)) {
      refusals.add(base + i, `time ${show(rawTime)}: expected milliseconds since the epoch, or null`);
      continue;
    }
    steps[kept] = at;
    times[kept] = rawTime ?? Number.NaN;
    values[kept] = number;
    kept += 1;
  }
  const cut = (array: Float64Array): Float64Array => (kept === array.length ? array : array.slice(0, kept));
  return { name, labels: labels ?? {}, step: cut(steps), time: cut(times), value: cut(values) };
}

const readStep = (raw: unknown): number =>
  typeof raw === "string" && /^-?\d{1,16}$/.test(raw) ? Number(raw) : Number.NaN;

/** The start of a refused item. What is nested is not shown: its depth is the sender's choice. */
function show(value: unknown): string {
  if (Array.isArray(value)) return "[...]";
  if (typeof value === "object" && value !== null) return "{...}";
  if (typeof value !== "string") return String(value);
  return value.length > 60 ? `${JSON.stringify(value.slice(0, 60))}...` : JSON.stringify(value);
}
