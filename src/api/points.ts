import { z } from "zod";
import { WireNumber } from "../model/number.ts";
import { Labels } from "../model/series.ts";
import { defineRoute } from "./route.ts";
import { RunParams } from "./runs.ts";

/** Names the sender and numbers its batches from 1, so that a batch delivered twice is stored once. */
export const Writer = z.object({ id: z.string().min(1).max(128), sequence: z.number().int().min(1) });

export const maxPointsPerBatch = 1_000_000;

/** The schema checks only that it is an array: a hand loop reads the items a hundred times faster. */
const column = z
  .custom<readonly unknown[]>((value) => Array.isArray(value), "expected an array")
  .meta({
    type: "array",
    items: {},
  });

/**
 * Points in columns. The envelope is checked here; the arrays are checked item by item in one loop,
 * so that a bad item is refused with its index and the rest is kept. Items of `value` are numbers or
 * "NaN", "Infinity", "-Infinity"; `null` means missing and is skipped. `time` is in ms since the epoch.
 */
export const PointsBody = z.object({
  writer: Writer.optional(),
  series: z
    .array(
      z.object({
        name: z.string().min(1).max(512),
        labels: Labels.optional(),
        step: column,
        time: column.optional(),
        value: column,
      }),
    )
    .max(100_000),
});
export type PointsBody = z.input<typeof PointsBody>;

export const maxRejectionsListed = 1_000;

/**
 * `accepted` counts points (or records); a rejection's `index` counts through the whole batch, series after
 * series. `rejectedCount` is there when more were refused than `rejected` lists.
 */
export const BatchReply = z.object({
  accepted: z.number(),
  rejected: z.array(z.object({ index: z.number(), reason: z.string() })),
  rejectedCount: z.number().optional(),
  /** True when this batch of this writer was stored before. */
  duplicate: z.boolean().default(false),
});
export type BatchReply = z.infer<typeof BatchReply>;

export const postPoints = defineRoute({
  id: "post-points",
  method: "POST",
  path: "/api/v1/runs/:run/points",
  summary: "Append points in columns; answered once they are durable",
  params: RunParams,
  body: PointsBody,
  response: BatchReply,
  maxBodyBytes: 64 * 1024 * 1024,
});

const numbers = z.array(z.number().nullable());
const wire = z.array(WireNumber);

export const SeriesInfo = z.object({
  id: z.string(),
  name: z.string(),
  labels: z.record(z.string(), z.string()),
  count: z.number(),
  nonFinite: z.number(),
  segments: z.number(),
  firstStep: z.number(),
  lastStep: z.number(),
  lastValue: WireNumber,
  min: WireNumber,
  max: WireNumber,
  lastTime: z.number().nullable(),
});
export type SeriesInfo = z.infer<typeof SeriesInfo>;

export const getSeries = defineRoute({
  id: "get-series",
  method: "GET",
  path: "/api/v1/runs/:run/series",
  summary: "Series of a run with their counts and last values",
  params: RunParams,
  response: z.object({ series: z.array(SeriesInfo) }),
});

/** `series` may be repeated; ids as in `seriesId`. */
const ids = z.union([z.string(), z.array(z.string())]).transform((s) => (typeof s === "string" ? [s] : s));

export const getPoints = defineRoute({
  id: "get-points",
  method: "GET",
  path: "/api/v1/runs/:run/points",
  summary: "Raw points of series, as JSON columns or, with format=csv, as a CSV file",
  params: RunParams,
  query: z.object({
    series: ids,
    fromStep: z.coerce.number().optional(),
    toStep: z.coerce.number().optional(),
    limit: z.coerce.number().int().min(1).max(1_000_000).default(100_000),
    format: z.enum(["json", "csv"]).default("json"),
  }),
  response: z.object({
    series: z.array(
      z.object({
        id: z.string(),
        segment: z.array(z.number()),
        step: z.array(z.number()),
        time: numbers,
        value: wire,
        truncated: z.boolean(),
      }),
    ),
  }),
  alsoAnswers: ["text/csv"],
});

/** Columns as `Buckets` of the store; null where the store has NaN. */
export const BucketColumns = z.object({
  id: z.string(),
  points: z.number(),
  segment: z.array(z.number()),
  count: z.array(z.number()),
  nan: z.array(z.number()),
  positiveInfinity: z.array(z.number()),
  negativeInfinity: z.array(z.number()),
  min: numbers,
  max: numbers,
  first: numbers,
  last: numbers,
  sum: numbers,
  minStep: numbers,
  maxStep: numbers,
  firstStep: numbers,
  lastStep: numbers,
  nonFiniteStep: numbers,
  firstTime: numbers,
  lastTime: numbers,
  smoothed: numbers.optional(),
});
export type BucketColumns = z.infer<typeof BucketColumns>;

export const getBuckets = defineRoute({
  id: "get-buckets",
  method: "GET",
  path: "/api/v1/runs/:run/buckets",
  summary: "Curves reduced by min/max per pixel; nothing is sampled away",
  params: RunParams,
  query: z.object({
    series: ids,
    axis: z.enum(["step", "time"]).default("step"),
    from: z.coerce.number().optional(),
    to: z.coerce.number().optional(),
    width: z.coerce.number().int().min(1).max(10_000).default(1000),
    smoothing: z.coerce.number().min(0).max(0.9999).optional(),
  }),
  response: z.object({ series: z.array(BucketColumns) }),
});
