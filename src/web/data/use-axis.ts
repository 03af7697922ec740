import { useMemo } from "react";
import type { SeriesInfo } from "../../api/points.ts";
import { epoch, trainLoss } from "../../analysis/signals.ts";
import { isTokenCount, progressAxis, stepAxis, stepMap, timeAxis, type StepMap, type XAxis } from "../charts/axis.ts";
import type { AxisKind } from "../state/view.ts";
import { curveKey, useBuckets, type CurveSource } from "./buckets.ts";

const width = 1000;

export interface RunAxis {
  readonly axis: XAxis;
  /** The whole run in axis units. */
  readonly range: readonly [number, number];
  /** Why an axis cannot be had for this run; absent when it can. */
  readonly unavailable: Readonly<Partial<Record<AxisKind, string>>>;
}

export interface AxisRun {
  readonly id: string;
  readonly createdAt: number;
  readonly series: readonly SeriesInfo[];
}

/**
 * The x axis of each run. Tokens and epochs come from the run's own series of them, times from its
 * longest series.
 */
export function useAxes(runs: readonly AxisRun[], kind: AxisKind): ReadonlyMap<string, RunAxis> {
  const plans = useMemo(() => runs.map((run) => ({ run, progress: progressSeries(run.series, kind) })), [runs, kind]);
  const sources = plans.flatMap(({ run, progress }): CurveSource[] =>
    progress === undefined ? [] : [{ run: run.id, series: progress.id, zoom: undefined }],
  );
  const query = { axis: "step" as const, logX: false, width, smoothing: 0 };
  const { data } = useBuckets(sources, query, kind !== "step" && sources.length > 0);
  return useMemo(() => {
    const axes = new Map<string, RunAxis>();
    for (const { run, progress } of plans) {
      const columns = progress && data?.get(curveKey(run.id, progress.id));
      const steps: readonly [number, number] = stepRange(run.series);
      const unavailable = missing(run.series);
      if (kind === "step" || progress === undefined || columns === undefined) {
        axes.set(run.id, { axis: stepAxis(), range: steps, unavailable });
      } else if (kind === "time" || kind === "relative") {
        const times = timesOf(columns.firstStep, columns.firstTime, columns.lastStep, columns.lastTime);
        const known = times.value.length > 0;
        const origin = known ? Math.min(...times.value) : run.createdAt;
        const end = Math.max(...run.series.map(({ lastTime }) => lastTime ?? origin), origin + 1);
        const shift = kind === "relative" ? origin : 0;
        axes.set(run.id, { axis: timeAxis(kind, origin, times), range: [origin - shift, end - shift], unavailable });
      } else {
        const map = stepMap(columns);
        const axis = map.step.length < 2 ? stepAxis() : progressAxis(kind, map);
        axes.set(run.id, { axis, range: [axis.fromStep(steps[0]), axis.fromStep(steps[1])], unavailable });
      }
    }
    return axes;
  }, [plans, data, kind]);
}

function progressSeries(series: readonly SeriesInfo[], kind: AxisKind): SeriesInfo | undefined {
  const longest = (some: readonly SeriesInfo[]): SeriesInfo | undefined =>
    some.toSorted((a, b) => b.count - a.count)[0];
  switch (kind) {
    case "step":
      return undefined;
    case "tokens":
      return longest(series.filter(({ name }) => isTokenCount(name)));
    case "epoch":
      return longest(series.filter(({ name, labels }) => epoch.matches(name, labels)));
    case "time":
    case "relative": {
      const timed = series.filter(({ lastTime, name }) => lastTime !== null && !isSystem(name));
      return longest(timed.filter(({ name, labels }) => trainLoss.matches(name, labels))) ?? longest(timed);
    }
  }
}

function missing(series: readonly SeriesInfo[]): RunAxis["unavailable"] {
  const reasons: Partial<Record<AxisKind, string>> = {};
  if (!series.some(({ lastTime }) => lastTime !== null)) {
    reasons.time = "The points of this run have no times";
    reasons.relative = reasons.time;
  }
  if (progressSeries(series, "tokens") === undefined)
    reasons.tokens = "This run logs no token count, such as num_tokens";
  if (progressSeries(series, "epoch") === undefined) reasons.epoch = "This run logs no epoch";
  return reasons;
}

const isSystem = (name: string): boolean => name.startsWith("system/");

/** Steps of the training's own series; the machine's figures may be taken before the first and after the last. */
export function stepRange(series: readonly SeriesInfo[]): readonly [number, number] {
  const own = series.filter(({ name }) => !isSystem(name));
  const all = own.length > 0 ? own : series;
  if (all.length === 0) return [0, 1];
  const from = Math.min(...all.map(({ firstStep }) => firstStep));
  const to = Math.max(...all.map(({ lastStep }) => lastStep));
  return from === to ? [from - 1, to + 1] : [from, to];
}

type Column = readonly (number | null)[];

function timesOf(firstStep: Column, firstTime: Column, lastStep: Column, lastTime: Column): StepMap {
  const step: number[] = [];
  const value: number[] = [];
  const add = (at: number | null | undefined, time: number | null | undefined): void => {
    if (at === null || at === undefined || time === null || time === undefined) return;
    if (step.length > 0 && at <= (step.at(-1) ?? 0)) return;
    step.push(at);
    value.push(time);
  };
  firstStep.forEach((at, i) => {
    add(at, firstTime[i]);
    add(lastStep[i], lastTime[i]);
  });
  return { step, value };
}
