import { getBuckets, getPoints, getSeries, postPoints, type BatchReply, type BucketColumns } from "../../api/points.ts";
import { AppError } from "../../base/errors.ts";
import { toWire } from "../../model/number.ts";
import type { Buckets, StoredPoints } from "../../store/store.ts";
import { readColumns } from "../columns.ts";
import { endpoint } from "../endpoint.ts";
import { wireInfo } from "../live/series-book.ts";
import { pointsCsv } from "../points-csv.ts";

/** Points that one answer may hold together, whatever the limit per series. */
const maxPointsPerAnswer = 2_000_000;
const maxSeriesPerRequest = 1_000;

export const pointEndpoints = [
  endpoint(postPoints, async ({ catalog, live }, { params, body }) => {
    catalog.require(params.run);
    const { series, accepted, rejected, rejectedCount } = readColumns(body.series, Date.now());
    const { duplicate } =
      series.length === 0
        ? { duplicate: false }
        : await live.ingest(params.run, { series, records: [], writer: body.writer });
    const reply: BatchReply = { accepted, rejected: [...rejected], duplicate };
    if (rejectedCount > rejected.length) reply.rejectedCount = rejectedCount;
    return reply;
  }),

  endpoint(getSeries, async ({ store, catalog }, { params }) => {
    catalog.require(params.run);
    return { series: (await store.listSeries(params.run)).map(wireInfo) };
  }),

  endpoint(getPoints, async ({ store, catalog }, { params, query, reply }) => {
    catalog.require(params.run);
    const { series, fromStep, toStep, limit, format } = query;
    checkCount(series);
    const each = Math.min(limit, Math.floor(maxPointsPerAnswer / Math.max(1, series.length)));
    const points = await store.readPoints(params.run, { series, fromStep, toStep, limit: each });
    if (format === "json") return { series: points.map(wirePoints) };
    return reply
      .type("text/csv; charset=utf-8")
      .header("content-disposition", `attachment; filename="${params.run}.csv"`)
      .header("x-truncated", String(points.some((p) => p.truncated)))
      .send(pointsCsv(points));
  }),

  endpoint(getBuckets, async ({ store, catalog }, { params, query }) => {
    catalog.require(params.run);
    checkCount(query.series);
    return { series: (await store.readBuckets(params.run, query)).map(wireBuckets) };
  }),
];

function checkCount(series: readonly string[]): void {
  if (series.length <= maxSeriesPerRequest) return;
  throw new AppError("too-large", `Ask for at most ${maxSeriesPerRequest} series at once; these are ${series.length}.`);
}

const wirePoints = ({ id, segment, step, time, value, truncated }: StoredPoints) => ({
  id,
  segment: Array.from(segment),
  step: Array.from(step),
  time: finiteOrNull(time),
  value: Array.from(value, toWire),
  truncated,
});

const wireBuckets = (b: Buckets): BucketColumns => ({
  id: b.id,
  points: b.points,
  segment: Array.from(b.segment),
  count: Array.from(b.count),
  nan: Array.from(b.nan),
  positiveInfinity: Array.from(b.positiveInfinity),
  negativeInfinity: Array.from(b.negativeInfinity),
  min: finiteOrNull(b.min),
  max: finiteOrNull(b.max),
  first: finiteOrNull(b.first),
  last: finiteOrNull(b.last),
  sum: finiteOrNull(b.sum),
  minStep: finiteOrNull(b.minStep),
  maxStep: finiteOrNull(b.maxStep),
  firstStep: finiteOrNull(b.firstStep),
  lastStep: finiteOrNull(b.lastStep),
  nonFiniteStep: finiteOrNull(b.nonFiniteStep),
  firstTime: finiteOrNull(b.firstTime),
  lastTime: finiteOrNull(b.lastTime),
  ...(b.smoothed && { smoothed: finiteOrNull(b.smoothed) }),
});

/** NaN in these columns means that there is no such value. */
function finiteOrNull(column: Float64Array): (number | null)[] {
  const out: (number | null)[] = Array.from(column);
  for (let i = 0; i < column.length; i += 1) if (!Number.isFinite(column[i])) out[i] = null;
  return out;
}
