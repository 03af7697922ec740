import type { BucketColumns } from "../../api/points.ts";
import { compact, short } from "../format/number.ts";
import { absolute, clock, elapsed } from "../format/time.ts";
import type { AxisKind } from "../state/view.ts";
import type { XOf } from "./curve-data.ts";

/** What the x axis shows, and how to go from it to what the server understands and back. */
export interface XAxis {
  readonly kind: AxisKind;
  readonly label: string;
  /** The server's axis behind this one. */
  readonly query: "step" | "time";
  readonly xOf: XOf;
  /** From axis units to the server's: step, or ms since the epoch. */
  toQuery(x: number): number;
  fromStep(step: number): number;
  text(x: number): string;
}

/** A strictly usable map between steps and another count of progress, such as tokens. */
export interface StepMap {
  readonly step: readonly number[];
  readonly value: readonly number[];
}

/** The progress series by its last value in each bucket; what does not rise is left out, so that it can be inverted. */
export function stepMap(columns: BucketColumns): StepMap {
  const step: number[] = [];
  const value: number[] = [];
  columns.lastStep.forEach((at, i) => {
    const v = columns.last[i] ?? null;
    if (at === null || v === null) return;
    if (step.length > 0 && (at <= (step.at(-1) ?? 0) || v <= (value.at(-1) ?? 0))) return;
    step.push(at);
    value.push(v);
  });
  return { step, value };
}

/** Piecewise linear, continued with the slope of the nearest piece beyond the ends. NaN with fewer than two points. */
export function interpolate(x: readonly number[], y: readonly number[], at: number): number {
  if (x.length < 2) return Number.NaN;
  let [low, high] = [0, x.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((x[middle] ?? 0) <= at) low = middle;
    else high = middle;
  }
  const [x0 = 0, x1 = 0, y0 = 0, y1 = 0] = [x[low], x[high], y[low], y[high]];
  return y0 + ((at - x0) / (x1 - x0)) * (y1 - y0);
}

const wholeSteps = (x: number): string => (Number.isInteger(x) || Math.abs(x) >= 1000 ? compactStep(x) : short(x));
const compactStep = (x: number): string => (Math.abs(x) >= 1e5 ? compact(x) : String(Math.round(x)));

export function stepAxis(): XAxis {
  return {
    kind: "step",
    label: "step",
    query: "step",
    xOf: (step) => step,
    toQuery: (x) => x,
    fromStep: (step) => step,
    text: wholeSteps,
  };
}

/** `origin` is the run's start in ms since the epoch; `times` places steps (of findings) in time. */
export function timeAxis(kind: "time" | "relative", origin: number, times: StepMap): XAxis {
  const shift = kind === "relative" ? origin : 0;
  return {
    kind,
    label: kind === "time" ? "wall time" : "time since start",
    query: "time",
    xOf: (_step, time) => time - shift,
    toQuery: (x) => x + shift,
    fromStep: (step) => interpolate(times.step, times.value, step) - shift,
    text: kind === "time" ? (x) => (Number.isFinite(x) ? absolute(x) : "–") : elapsed,
  };
}

export function progressAxis(kind: "tokens" | "epoch", map: StepMap): XAxis {
  const forward = (step: number): number => interpolate(map.step, map.value, step);
  return {
    kind,
    label: kind,
    query: "step",
    xOf: forward,
    toQuery: (x) => interpolate(map.value, map.step, x),
    fromStep: forward,
    text: (x) => (kind === "tokens" ? compact(x) : short(x)),
  };
}

/** Tick labels of a time axis need the time of day only. */
export const tickText = (axis: XAxis, x: number): string => (axis.kind === "time" ? clock(x) : axis.text(x));

/** Series in which trainers log how many tokens went by. */
export const isTokenCount = (name: string): boolean =>
  /(^|[/_. ])(num_(input_)?tokens(_seen)?|(total_|consumed_|global_)?tokens(_seen|_consumed)?|consumed_tokens|ntokens)$/i.test(
    name,
  );
