import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { getBuckets, type BucketColumns } from "../../api/points.ts";
import { decades, type Zoom } from "../charts/zoom.ts";
import { call } from "./call.ts";

/** One curve as the server reduces it. `from` and `to` in units of `axis`. */
export interface BucketRequest {
  readonly run: string;
  readonly axis: "step" | "time";
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly width: number;
  readonly smoothing: number | undefined;
}

interface Waiting {
  readonly series: string;
  readonly resolve: (columns: BucketColumns | undefined) => void;
  readonly reject: (reason: unknown) => void;
}

const waiting = new Map<string, { readonly request: BucketRequest; readonly items: Waiting[] }>();
/** Enough to save round trips, few enough that decoding one answer stays far below a dropped frame. */
const maxSeriesPerCall = 8;

/**
 * Charts that mount in the same frame ask for the same range; their requests travel together.
 * Undefined: the run has no such series.
 */
function fetchBuckets(request: BucketRequest, series: string): Promise<BucketColumns | undefined> {
  const key = JSON.stringify(request);
  return new Promise((resolve, reject) => {
    const batch = waiting.get(key);
    const item = { series, resolve, reject };
    if (batch !== undefined) {
      batch.items.push(item);
      return;
    }
    waiting.set(key, { request, items: [item] });
    setTimeout(() => {
      const ready = waiting.get(key);
      waiting.delete(key);
      for (let i = 0; ready !== undefined && i < ready.items.length; i += maxSeriesPerCall)
        void send(request, ready.items.slice(i, i + maxSeriesPerCall));
    }, 4);
  });
}

async function send({ run, ...query }: BucketRequest, items: readonly Waiting[]): Promise<void> {
  try {
    const answer = await call(getBuckets, {
      params: { run },
      query: { ...query, series: [...new Set(items.map((item) => item.series))] },
    });
    const byId = new Map(answer.series.map((columns) => [columns.id, columns]));
    for (const item of items) item.resolve(byId.get(item.series));
  } catch (thrown) {
    for (const item of items) item.reject(thrown);
  }
}

export interface CurveSource {
  readonly run: string;
  readonly series: string;
  /** The range in view, in units of the query's axis; undefined for all. */
  readonly zoom: Zoom | undefined;
  /** Steps of the whole series; only asked for on a logarithmic x axis, to split it into decades. */
  readonly extent?: Zoom | undefined;
}

export interface CurveQuery {
  readonly axis: "step" | "time";
  readonly logX: boolean;
  readonly width: number;
  readonly smoothing: number;
}

/** Columns by `curveKey`. */
export type BucketAnswer = ReadonlyMap<string, BucketColumns>;

export const curveKey = (run: string, series: string): string => `${run} ${series}`;

/** Columns of several curves; the earlier answer stays until the new one is here. */
export function useBuckets(sources: readonly CurveSource[], query: CurveQuery, enabled: boolean) {
  return useQuery({
    queryKey: ["buckets", sources, query],
    enabled,
    placeholderData: keepPreviousData,
    queryFn: async (): Promise<BucketAnswer> => {
      const columns = await Promise.all(sources.map((source) => fetchCurve(source, query)));
      return new Map(
        sources.flatMap(({ run, series }, i) => {
          const one = columns[i];
          return one === undefined ? [] : [[curveKey(run, series), one] as const];
        }),
      );
    },
    structuralSharing: false,
    staleTime: 60_000,
    gcTime: 60_000,
  });
}

async function fetchCurve(source: CurveSource, query: CurveQuery): Promise<BucketColumns | undefined> {
  const { axis, logX, width, smoothing } = query;
  const { zoom, extent } = source;
  const request = { run: source.run, axis, smoothing: smoothing > 0 ? smoothing : undefined };
  const whole = zoom ?? extent;
  if (!logX || axis === "time" || whole === undefined)
    return fetchBuckets({ ...request, from: zoom?.from, to: zoom?.to, width }, source.series);
  const ranges = decades(whole.from, whole.to);
  const parts = await Promise.all(
    ranges.map((range) =>
      fetchBuckets({ ...request, ...range, width: Math.ceil(width / ranges.length) }, source.series),
    ),
  );
  return joinColumns(parts.filter((part) => part !== undefined));
}

/** Puts ranges that follow one another into one curve, ordered by segment and then by step. */
export function joinColumns(parts: readonly BucketColumns[]): BucketColumns | undefined {
  const [first, ...rest] = parts;
  if (first === undefined || rest.length === 0) return first;
  const order = parts
    .flatMap((part, p) => part.segment.map((segment, i) => ({ p, i, segment })))
    .toSorted((a, b) => a.segment - b.segment || a.p - b.p || a.i - b.i);
  // A bucket that touches the border between two ranges comes twice.
  const border = new Set<string>();
  const kept = order.filter(({ p, i, segment }) => {
    const part = parts[p];
    const key = `${segment} ${part?.firstStep[i] ?? part?.nonFiniteStep[i]} ${part?.lastStep[i]}`;
    if (border.has(key)) return false;
    border.add(key);
    return true;
  });
  const numbers = (read: (part: BucketColumns) => readonly number[]): number[] =>
    kept.map(({ p, i }) => (parts[p] === undefined ? 0 : (read(parts[p])[i] ?? 0)));
  const nullable = (read: (part: BucketColumns) => readonly (number | null)[] | undefined): (number | null)[] =>
    kept.map(({ p, i }) => (parts[p] === undefined ? null : (read(parts[p])?.[i] ?? null)));
  return {
    id: first.id,
    points: parts.reduce((sum, part) => sum + part.points, 0),
    segment: numbers((c) => c.segment),
    count: numbers((c) => c.count),
    nan: numbers((c) => c.nan),
    positiveInfinity: numbers((c) => c.positiveInfinity),
    negativeInfinity: numbers((c) => c.negativeInfinity),
    min: nullable((c) => c.min),
    max: nullable((c) => c.max),
    first: nullable((c) => c.first),
    last: nullable((c) => c.last),
    sum: nullable((c) => c.sum),
    minStep: nullable((c) => c.minStep),
    maxStep: nullable((c) => c.maxStep),
    firstStep: nullable((c) => c.firstStep),
    lastStep: nullable((c) => c.lastStep),
    nonFiniteStep: nullable((c) => c.nonFiniteStep),
    firstTime: nullable((c) => c.firstTime),
    lastTime: nullable((c) => c.lastTime),
    ...(first.smoothed === undefined ? {} : { smoothed: nullable((c) => c.smoothed) }),
  };
}
