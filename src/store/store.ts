import type { Finding } from "../model/finding.ts";
import type { LogRecord, Level } from "../model/record.ts";
import type { Run, RunStatus } from "../model/run.ts";
import type { Labels, SeriesPoints } from "../model/series.ts";

/**
 * Where runs are kept. Every implementation passes `storeContract` in store.contract.ts.
 *
 * Durability: when a promise of a writing method resolves, its data survive `kill -9` and power
 * loss. When it rejects, nothing of the call is there (one transaction). Errors are `AppError`s with
 * code `not-found`, `conflict`, `disk-full`, `store-unavailable` or `directory-in-use`.
 */
export interface Store {
  /** Inserts or replaces a run by id. */
  putRun(run: Run): Promise<void>;
  getRun(id: string): Promise<Run | undefined>;
  /** Newest first unless `sort` says otherwise. */
  listRuns(query: RunQuery): Promise<{ readonly runs: readonly Run[]; readonly total: number }>;
  /** Removes the run and all its data; the freed disk shows in `size()` after `compact()`. */
  deleteRun(id: string): Promise<void>;

  /**
   * Appends points and records of one run. Points keep their order of arrival; a step below the
   * last one of its series opens a new segment; the same step again is one more point of it. With `writer` set, a batch whose (writer id, sequence)
   * was stored before, in whatever order, is not written again and `duplicate` is true.
   */
  append(run: string, batch: Batch): Promise<{ readonly duplicate: boolean }>;

  listSeries(run: string): Promise<readonly SeriesInfo[]>;
  /** Full resolution, in arrival order. At most `limit` points a series, `truncated` says when there are more. */
  readPoints(run: string, query: PointQuery): Promise<readonly StoredPoints[]>;
  /** Each curve reduced to at most about `2 * width` buckets over the range, none of its extremes or non-finite values lost. */
  readBuckets(run: string, query: BucketQuery): Promise<readonly Buckets[]>;
  /** Extremes of very many series over columns of steps that they share: one map instead of a chart for each. */
  readExtremes(run: string, query: ExtremesQuery): Promise<Extremes>;

  readRecords(
    run: string,
    query: RecordQuery,
  ): Promise<{ readonly records: readonly StoredRecord[]; readonly total: number }>;
  listRecordGroups(run: string): Promise<readonly RecordGroup[]>;

  /** Replaces the findings of a run. */
  putFindings(run: string, findings: readonly Finding[]): Promise<void>;
  getFindings(run: string): Promise<readonly Finding[]>;

  /** Content by key inside a run; keys are data and never become paths. */
  putBlob(run: string, key: string, content: Uint8Array, mediaType: string): Promise<void>;
  getBlob(run: string, key: string): Promise<{ readonly content: Uint8Array; readonly mediaType: string } | undefined>;
  listBlobs(
    run: string,
  ): Promise<readonly { readonly key: string; readonly sizeBytes: number; readonly mediaType: string }[]>;

  size(): Promise<SizeReport>;
  /** Sorts cold segments by (run, series, step) and gives the disk of deleted runs back. */
  compact(): Promise<void>;
  /** What went wrong and was mended since opening: a repaired write-ahead log, a reopened engine. */
  readonly incidents: readonly StoreIncident[];
  close(): Promise<void>;
}

export interface Batch {
  readonly series: readonly SeriesPoints[];
  readonly records: readonly LogRecord[];
  readonly writer?: { readonly id: string; readonly sequence: number } | undefined;
}

export interface RunQuery {
  readonly project?: string | undefined;
  readonly status?: RunStatus | undefined;
  /** Words that must all occur in name, project, id or tags, case-insensitive. */
  readonly search?: string | undefined;
  readonly sort?: "createdAt" | "name" | "project" | "status" | "endedAt" | undefined;
  readonly order?: "ascending" | "descending" | undefined;
  readonly limit: number;
  readonly offset: number;
}

export interface SeriesInfo {
  /** `seriesId(name, labels)`. */
  readonly id: string;
  readonly name: string;
  readonly labels: Labels;
  readonly count: number;
  readonly nonFinite: number;
  readonly segments: number;
  readonly firstStep: number;
  readonly lastStep: number;
  readonly lastValue: number;
  /** Of the finite values; NaN when there are none. */
  readonly min: number;
  readonly max: number;
  /** Milliseconds since the epoch; NaN when unknown. */
  readonly lastTime: number;
}

export interface PointQuery {
  readonly series: readonly string[];
  /** Inclusive. */
  readonly fromStep?: number | undefined;
  readonly toStep?: number | undefined;
  readonly limit: number;
}

/** `segment` counts from 0 and has the length of the other columns. */
export interface StoredPoints extends SeriesPoints {
  readonly id: string;
  readonly segment: Int32Array;
  readonly truncated: boolean;
}

export interface BucketQuery {
  readonly series: readonly string[];
  /** What `from` and `to` mean: steps, or milliseconds since the epoch. */
  readonly axis: "step" | "time";
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** Pixels of the chart. */
  readonly width: number;
  /** Weight in [0, 1) of TensorBoard's debiased moving average, computed over the full data before reduction. */
  readonly smoothing?: number | undefined;
}

/**
 * Columns of equal length, one item a bucket, ordered by segment then step. A bucket never spans two
 * segments, unless there are more segments than a chart has room for. min, max, first, last, sum and their steps are of the finite values (NaN when there are none).
 */
export interface Buckets {
  readonly id: string;
  readonly segment: Int32Array;
  readonly count: Float64Array;
  readonly nan: Float64Array;
  readonly positiveInfinity: Float64Array;
  readonly negativeInfinity: Float64Array;
  readonly min: Float64Array;
  readonly max: Float64Array;
  readonly first: Float64Array;
  readonly last: Float64Array;
  readonly sum: Float64Array;
  readonly minStep: Float64Array;
  readonly maxStep: Float64Array;
  readonly firstStep: Float64Array;
  readonly lastStep: Float64Array;
  /** Step of the first value that is not finite; NaN when there is none. */
  readonly nonFiniteStep: Float64Array;
  /** Earliest and latest known time, in milliseconds since the epoch; NaN when none is known. */
  readonly firstTime: Float64Array;
  readonly lastTime: Float64Array;
  /** The smoothed value at the end of each bucket, when smoothing was asked for. */
  readonly smoothed?: Float64Array | undefined;
  /** Raw points behind all buckets together. */
  readonly points: number;
}

export interface ExtremesQuery {
  readonly series: readonly string[];
  /** Inclusive. */
  readonly fromStep?: number | undefined;
  readonly toStep?: number | undefined;
  /** Columns at most. */
  readonly width: number;
}

/** Columns are the steps themselves while they fit, and equal stretches of steps beyond that; empty ones are left out. */
export interface Extremes {
  /** First step with a point in each column, ascending. */
  readonly steps: Float64Array;
  /** NaN when there is no point. */
  readonly lastStep: number;
  /** The series that there are, each once. */
  readonly ids: readonly string[];
  /** Cells that hold points, in any order: index into `ids`, column, extremes of the finite values (NaN when there are none). */
  readonly series: Int32Array;
  readonly column: Int32Array;
  readonly min: Float64Array;
  readonly max: Float64Array;
  readonly nonFinite: Float64Array;
}

export interface RecordQuery {
  readonly levels?: readonly Level[] | undefined;
  /** Case-insensitive substring of message or exception. */
  readonly search?: string | undefined;
  readonly group?: string | undefined;
  readonly fromStep?: number | undefined;
  readonly toStep?: number | undefined;
  readonly fromTime?: number | undefined;
  readonly toTime?: number | undefined;
  readonly order: "ascending" | "descending";
  readonly limit: number;
  readonly offset: number;
}

/** `index`: position in the run's log, from 0. */
export interface StoredRecord extends LogRecord {
  readonly index: number;
}

export interface RecordGroup {
  readonly group: string;
  readonly count: number;
  readonly level: Level;
  readonly message: string;
  readonly firstTime: number | null;
  readonly lastTime: number | null;
  readonly firstStep: number | null;
  readonly lastStep: number | null;
}

export interface SizeReport {
  readonly totalBytes: number;
  readonly freeBytes: number;
  readonly runs: number;
  readonly points: number;
  readonly records: number;
  readonly tables: readonly { readonly name: string; readonly rows: number; readonly bytes: number }[];
}

export interface StoreIncident {
  readonly time: number;
  readonly what: string;
  /** A damaged file that was kept aside, when there is one. */
  readonly keptFile?: string | undefined;
}
