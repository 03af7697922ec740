import { AppError } from "../../base/errors.ts";
import { isTime } from "../../model/time.ts";
import type { LogRecord } from "../../model/record.ts";
import { seriesId } from "../../model/series.ts";
import type { SeriesPoints } from "../../model/series.ts";
import type { Batch } from "../store.ts";
import { levels } from "./accumulator.ts";
import { field, rowColumns } from "./bucket-rows.ts";
import type { Catalog, RunEntry } from "./catalog.ts";
import { recordLevels } from "./records.ts";
import { storedTime, unknown } from "./schema.ts";
import { SeriesState } from "./series-state.ts";
import { chunkRows } from "./table-writer.ts";
import type { NumberWriter } from "./table-writer.ts";
import type { TableWriters } from "./table-writers.ts";
import { Turn } from "./turn.ts";

/** Refuses what the tables cannot hold, before anything of the batch is written. */
export function checkBatch(batch: Batch): void {
  for (const points of batch.series) {
    const { step, time, value, name } = points;
    if (step.length !== value.length || step.length !== time.length) {
      throw new AppError("bad-request", `series ${name}: step, time and value must have the same length`);
    }
    for (let i = 0; i < step.length; i++) {
      if (!Number.isSafeInteger(step[i])) {
        throw new AppError("bad-request", `series ${name}: step ${step[i]} is not an integer up to 2^53`);
      }
      if (!isTime(time[i] ?? Number.NaN)) {
        throw new AppError("bad-request", `series ${name}: time ${time[i]} is not in milliseconds since the epoch`);
      }
    }
  }
}

const batchPoints = (batch: Batch): number => batch.series.reduce((sum, points) => sum + points.step.length, 0);

/** Bytes that a batch holds while it waits. */
export function batchBytes(batch: Batch): number {
  let bytes = 256 + batchPoints(batch) * 24 + batch.series.length * 64;
  for (const record of batch.records) bytes += 256 + 2 * (record.message.length + (record.exception?.length ?? 0));
  return bytes;
}

/** Points that are staged at a stretch. */
const slicePoints = 16_384;

/** Puts a checked batch into the index and the open transaction. */
export async function stageBatch(
  catalog: Catalog,
  writers: TableWriters,
  run: RunEntry,
  batch: Batch,
): Promise<{ duplicate: boolean }> {
  const { writer } = batch;
  if (writer !== undefined) {
    if (catalog.hasBatch(writer.id, writer.sequence)) return { duplicate: true };
    catalog.addBatches(writer.id, writer.sequence, writer.sequence);
    writers.writers.push([run.key, writer.id, writer.sequence, writer.sequence]);
  }
  const turn = new Turn();
  for (const points of batch.series) {
    for (let from = 0; from < points.step.length; from += slicePoints) {
      stagePoints(catalog, writers, run, slice(points, from));
      await turn.share();
    }
  }
  for (const record of batch.records) stageRecord(writers, run, record);
  return { duplicate: false };
}

function slice(points: SeriesPoints, from: number): SeriesPoints {
  if (points.step.length <= slicePoints) return points;
  const cut = (column: Float64Array): Float64Array => column.subarray(from, from + slicePoints);
  return { ...points, step: cut(points.step), time: cut(points.time), value: cut(points.value) };
}

function stagePoints(catalog: Catalog, writers: TableWriters, run: RunEntry, points: SeriesPoints): void {
  const id = seriesId(points.name, points.labels);
  let state = run.series.get(id);
  if (state === undefined) {
    state = new SeriesState(catalog.nextSeries++, run.key, points.name, points.labels);
    run.series.set(id, state);
    catalog.series.set(state.key, state);
    writers.series.push([state.key, run.key, points.name, JSON.stringify(points.labels)]);
  }
  const series = state;
  series.add(
    points,
    (from, to) => writePoints(writers.points, series, { ...points, from, to }),
    (level, data, offset) => {
      const row = startRollup(writers.rollups, series.key, level);
      fillRollup(writers.rollups, row, data, offset);
      if (level === levels) series.overview?.push(data, offset);
    },
  );
}

function writePoints(
  writer: NumberWriter,
  state: SeriesState,
  stretch: SeriesPoints & { readonly from: number; readonly to: number },
): void {
  const { from, to } = stretch;
  const keys = writer.integers(0);
  const segments = writer.integers(1);
  const ordinals = writer.integers(2);
  const steps = writer.integers(3);
  const times = writer.integers(4);
  const values = writer.doubles(5);
  for (let begin = from; begin < to;) {
    const row = writer.rows;
    const rows = Math.min(chunkRows - row, to - begin);
    keys.fill(state.key, row, row + rows);
    segments.fill(state.segments - 1, row, row + rows);
    values.set(stretch.value.subarray(begin, begin + rows), row);
    const ordinal = state.count + (begin - from);
    for (let i = 0; i < rows; i++) {
      writeWords(steps, row + i, stretch.step[begin + i] ?? 0);
      writeWords(times, row + i, storedTime(stretch.time[begin + i] ?? Number.NaN));
      ordinals[row + i] = ordinal + i;
    }
    writer.rows += rows;
    begin += rows;
    if (writer.rows === chunkRows) writer.handOver();
  }
}

/** A whole number up to 2^53 as the two words of a bigint. */
function writeWords(words: Int32Array, row: number, value: number): void {
  const high = Math.floor(value / 2 ** 32);
  words[2 * row] = value - high * 2 ** 32;
  words[2 * row + 1] = high;
}

function startRollup(writer: NumberWriter, series: number, level: number): number {
  const row = writer.rows;
  writer.integers(0)[row] = series;
  writer.integers(1)[row] = level;
  return row;
}

function fillRollup(writer: NumberWriter, row: number, data: Float64Array, offset: number): void {
  for (let column = 0; column < rowColumns.length; column++) {
    const target = writer.columns[column + 2];
    const value = data[offset + column] ?? Number.NaN;
    if (target !== undefined) target[row] = column >= field.nonFiniteStep && Number.isNaN(value) ? unknown : value;
  }
  writer.rows += 1;
  if (writer.rows === chunkRows) writer.handOver();
}

function stageRecord(writers: TableWriters, run: RunEntry, record: LogRecord): void {
  writers.records.push([
    run.key,
    run.records,
    record.time ?? Number.NaN,
    recordLevels.indexOf(record.level),
    record.logger,
    record.message,
    record.exception,
    record.step ?? Number.NaN,
    record.rank ?? Number.NaN,
    record.group,
    record.role,
  ]);
  run.records += 1;
}
