import type { DuckDBDataChunk } from "@duckdb/node-api";
import { AppError } from "../../base/errors.ts";
import { fanOut } from "./accumulator.ts";
import { field } from "./bucket-rows.ts";
import type { Connection } from "./engine.ts";
import { fetchRows } from "./fetch-rows.ts";
import type { Range, Read } from "./fetch-rows.ts";
import type { Chart } from "./read-buckets.ts";
import { doubles, integers } from "./result-columns.ts";
import type { SeriesState } from "./series-state.ts";

/** Averages of shorter series are computed anew each time, many series in one statement. */
const shortPoints = 65_536;
/** Memory that stored averages may hold together: 32 bytes for every 16 points of a series and weight. */
const limitBytes = 32 * 1024 * 1024;
/** Stretches of points this close to each other are read as one. */
const nearbyPoints = 4096;

/**
 * TensorBoard's debiased exponential moving average: last = last * w + (1 - w) * y, shown as
 * last / (1 - w^n). Values that are not finite are skipped; each segment starts anew.
 */
class Average {
  last = 0;
  n = 0;
  private readonly weight: number;

  constructor(weight: number) {
    this.weight = weight;
  }

  add(value: number): void {
    if (!Number.isFinite(value)) return;
    this.last = this.last * this.weight + (1 - this.weight) * value;
    this.n += 1;
  }

  restart(last = 0, n = 0): void {
    this.last = last;
    this.n = n;
  }

  /** NaN before the first finite value. */
  get value(): number {
    return this.n === 0 ? Number.NaN : this.last / (1 - this.weight ** this.n);
  }
}

interface Mark {
  /** Points taken in. */
  readonly end: number;
  readonly segment: number;
  readonly last: number;
  readonly n: number;
}

const markWidth = 4;

/** The state of an average after every 16th point of a segment and at its end, for one series and weight. */
class Track {
  /** Points taken in so far. */
  end = 0;
  private readonly average: Average;
  private segment = 0;
  private segmentStart = 0;
  private marks = new Float64Array(markWidth * 64);
  private length = 0;

  constructor(weight: number) {
    this.average = new Average(weight);
  }

  get bytes(): number {
    return this.marks.byteLength;
  }

  add(segment: number, value: number): void {
    if (segment !== this.segment) {
      this.mark();
      this.segment = segment;
      this.segmentStart = this.end;
      this.average.restart();
    }
    this.average.add(value);
    this.end += 1;
    if ((this.end - this.segmentStart) % fanOut === 0) this.mark();
  }

  /** The last stored state at or before `ordinal` points. */
  before(ordinal: number): Mark {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.marks[markWidth * middle] ?? 0) <= ordinal) low = middle + 1;
      else high = middle;
    }
    if (low === 0) return { end: 0, segment: -1, last: 0, n: 0 };
    const at = markWidth * (low - 1);
    const [end = 0, segment = -1, last = 0, n = 0] = this.marks.subarray(at, at + markWidth);
    return { end, segment, last, n };
  }

  private mark(): void {
    if (this.end === 0 || (this.length > 0 && this.marks[markWidth * (this.length - 1)] === this.end)) return;
    if (markWidth * (this.length + 1) > this.marks.length) {
      const grown = new Float64Array(this.marks.length * 2);
      grown.set(this.marks);
      this.marks = grown;
    }
    this.marks.set([this.end, this.segment, this.average.last, this.average.n], markWidth * this.length);
    this.length += 1;
  }
}

/** Averages that were computed for charts, extended as series grow, so that zooming costs nothing again. */
export class Smoothing {
  private readonly tracks = new Map<string, Track>();

  /** The average at the end of each row of each chart. */
  async of(read: Read, charts: readonly Chart[], weight: number): Promise<ReadonlyMap<SeriesState, Float64Array>> {
    if (!(weight >= 0 && weight < 1)) {
      throw new AppError("bad-request", `smoothing must be at least 0 and less than 1, not ${weight}`);
    }
    const smoothed = new Map<SeriesState, Float64Array>();
    const short = charts.filter(({ state }) => state.count <= shortPoints);
    for (const [state, averages] of await averagesOf(read, short, weight)) smoothed.set(state, averages);
    for (const chart of charts) {
      if (chart.state.count > shortPoints) smoothed.set(chart.state, await this.long(read, chart, weight));
    }
    return smoothed;
  }

  clear(): void {
    this.tracks.clear();
  }

  private async long(read: Read, { state, rows }: Chart, weight: number): Promise<Float64Array> {
    const track = await this.track(read, state, weight);
    const ends = Array.from(
      { length: rows.length },
      (_, row) => rows.at(row, field.ordinal) + rows.at(row, field.count),
    );
    // Ends between two stored states (of points, and of buckets made of them) need the points between.
    const gaps: Range[] = [];
    for (const end of ends) {
      const { end: from } = track.before(end);
      const last = gaps.at(-1);
      if (from === end) continue;
      if (last !== undefined && from <= last.to + nearbyPoints) gaps[gaps.length - 1] = { ...last, to: end };
      else gaps.push({ series: state.key, level: 0, from, to: end });
    }
    const found = await fetchRows(read, gaps);
    const averages = new Map<number, number>();
    for (const points of found.values()) {
      const average = new Average(weight);
      let segment = Number.NaN;
      for (let row = 0; row < points.length; row++) {
        const ordinal = points.at(row, field.ordinal);
        if (points.at(row, field.segment) !== segment) {
          segment = points.at(row, field.segment);
          const mark = track.before(ordinal);
          if (mark.end === ordinal && mark.segment === segment) average.restart(mark.last, mark.n);
          else average.restart();
        }
        average.add(points.at(row, field.first));
        averages.set(ordinal + 1, average.value);
      }
    }
    const result = new Average(weight);
    return Float64Array.from(ends, (end) => {
      const known = averages.get(end);
      if (known !== undefined) return known;
      const { last, n } = track.before(end);
      result.restart(last, n);
      return result.value;
    });
  }

  private async track(read: Read, state: SeriesState, weight: number): Promise<Track> {
    const key = `${state.key} ${weight}`;
    const track = this.tracks.get(key) ?? new Track(weight);
    this.tracks.delete(key);
    this.tracks.set(key, track);
    if (track.end < state.count) await read((reader) => extend(reader, state, track));
    let bytes = 0;
    for (const one of this.tracks.values()) bytes += one.bytes;
    for (const [oldest, one] of this.tracks) {
      if (bytes <= limitBytes || oldest === key) break;
      bytes -= one.bytes;
      this.tracks.delete(oldest);
    }
    return track;
  }
}

/** Takes in the points of a series that a track has not seen. Two calls at once do no harm: a point counts when it is the next. */
async function extend(reader: Connection, state: SeriesState, track: Track): Promise<void> {
  let missed = false;
  const take = (chunk: DuckDBDataChunk): void => {
    const [segment, value] = [integers(chunk, 0), doubles(chunk, 2)];
    for (const [row, ordinal] of integers(chunk, 1).entries()) {
      if (ordinal === track.end) track.add(segment[row] ?? 0, value[row] ?? Number.NaN);
      else if (ordinal > track.end) missed = true;
    }
  };
  const sql = "SELECT segment, ordinal, value FROM points WHERE series = $1 AND ordinal >= $2";
  await reader.stream(sql, [state.key, track.end], take);
  // Points lie in order of arrival as a rule; where they do not, they are sorted.
  if (missed) await reader.stream(`${sql} ORDER BY ordinal`, [state.key, track.end], take);
}

async function averagesOf(
  read: Read,
  charts: readonly Chart[],
  weight: number,
): Promise<ReadonlyMap<SeriesState, Float64Array>> {
  const smoothed = new Map<SeriesState, Float64Array>();
  const ranges = new Map(
    charts.map(({ state }): [number, { values: Float64Array; segments: Int32Array }] => [
      state.key,
      { values: new Float64Array(state.count).fill(Number.NaN), segments: new Int32Array(state.count) },
    ]),
  );
  if (ranges.size === 0) return smoothed;
  await read((reader) =>
    reader.query(
      `SELECT series, segment, ordinal, value FROM points WHERE series IN (${[...ranges.keys()].join(", ")})`,
      [],
      (chunk) => {
        const [segment, ordinal, value] = [integers(chunk, 1), integers(chunk, 2), doubles(chunk, 3)];
        for (const [row, key] of integers(chunk, 0).entries()) {
          const target = ranges.get(key);
          const at = ordinal[row] ?? 0;
          // Points that arrived after the chart was read are not of it.
          if (target === undefined || at >= target.values.length) continue;
          target.values[at] = value[row] ?? Number.NaN;
          target.segments[at] = segment[row] ?? 0;
        }
      },
    ),
  );
  for (const { state, rows } of charts) {
    const { values, segments } = ranges.get(state.key) ?? { values: new Float64Array(), segments: new Int32Array() };
    const average = new Average(weight);
    const averages = values.map((value, at) => {
      if (at > 0 && segments[at] !== segments[at - 1]) average.restart();
      average.add(value);
      return average.value;
    });
    smoothed.set(
      state,
      Float64Array.from({ length: rows.length }, (_, row) => {
        const end = rows.at(row, field.ordinal) + rows.at(row, field.count);
        return averages[end - 1] ?? Number.NaN;
      }),
    );
  }
  return smoothed;
}
