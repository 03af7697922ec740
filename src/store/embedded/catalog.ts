import { z } from "zod";
import { Labels } from "../../model/series.ts";
import { RunStatus } from "../../model/run.ts";
import type { Run } from "../../model/run.ts";
import { fanOut, levels } from "./accumulator.ts";
import type { Engine } from "./engine.ts";
import { Intervals } from "./intervals.ts";
import { doubles, integers, texts } from "./result-columns.ts";
import { SeriesState } from "./series-state.ts";

/** What lists need of a run; its full text stays in the engine. */
export class RunEntry {
  readonly key: number;
  readonly id: string;
  version = 0;
  project = "";
  name = "";
  status: RunStatus = "running";
  createdAt = 0;
  endedAt: number | null = null;
  /** Lower-case text that a search looks through. */
  searchable = "";
  readonly series = new Map<string, SeriesState>();
  records = 0;
  /** Version of the stored findings; 0 when there are none. */
  findings = 0;
  readonly blobs = new Map<string, { version: number; sizeBytes: number; mediaType: string }>();
  deleted = false;

  constructor(key: number, id: string) {
    this.key = key;
    this.id = id;
  }

  describe(version: number, run: Pick<Run, "project" | "name" | "status" | "createdAt" | "endedAt" | "tags">): void {
    this.version = version;
    this.project = run.project;
    this.name = run.name;
    this.status = run.status;
    this.createdAt = run.createdAt;
    this.endedAt = run.endedAt;
    this.searchable = [this.id, run.project, run.name, ...run.tags].join("\n").toLowerCase();
  }
}

/** The in-memory index of a store: everything that lists and ingest need, nothing that grows with points. */
export class Catalog {
  readonly runs = new Map<string, RunEntry>();
  readonly series = new Map<number, SeriesState>();
  readonly writers = new Map<string, Intervals>();
  nextRun = 1;
  nextSeries = 1;
  nextVersion = 1;

  hasBatch(writer: string, sequence: number): boolean {
    return this.writers.get(writer)?.has(sequence) ?? false;
  }

  addBatches(writer: string, first: number, last: number): void {
    let known = this.writers.get(writer);
    if (known === undefined) this.writers.set(writer, (known = new Intervals()));
    known.add(first, last);
  }

  remove(run: RunEntry): void {
    run.deleted = true;
    this.runs.delete(run.id);
    for (const series of run.series.values()) this.series.delete(series.key);
  }
}

const Tags = z.array(z.string());

/** Rebuilds the index from the tables. */
export async function loadCatalog(engine: Engine): Promise<Catalog> {
  return engine.read(async (reader) => {
    const catalog = new Catalog();
    const byKey = new Map<number, RunEntry>();
    const dropped = new Set<number>();
    await reader.query("SELECT run FROM dropped", [], (chunk) => {
      for (const run of integers(chunk, 0)) dropped.add(run);
    });
    await reader.query(
      `SELECT run, version, id, project, name, status, created_at, ended_at, tags FROM runs ORDER BY version`,
      [],
      (chunk) => {
        const [versions, created, ended] = [integers(chunk, 1), doubles(chunk, 6), doubles(chunk, 7)];
        const [ids, projects, names, states, tags] = [2, 3, 4, 5, 8].map((column) => texts(chunk, column));
        for (const [index, key] of integers(chunk, 0).entries()) {
          const version = versions[index] ?? 0;
          catalog.nextRun = Math.max(catalog.nextRun, key + 1);
          catalog.nextVersion = Math.max(catalog.nextVersion, version + 1);
          if (dropped.has(key)) continue;
          const entry = byKey.get(key) ?? new RunEntry(key, ids?.[index] ?? "");
          byKey.set(key, entry);
          catalog.runs.set(entry.id, entry);
          const endedAt = ended[index] ?? Number.NaN;
          entry.describe(version, {
            project: projects?.[index] ?? "",
            name: names?.[index] ?? "",
            status: RunStatus.parse(states?.[index]),
            createdAt: created[index] ?? 0,
            endedAt: Number.isNaN(endedAt) ? null : endedAt,
            tags: Tags.parse(JSON.parse(tags?.[index] ?? "[]")),
          });
        }
      },
    );
    await reader.query("SELECT series, run, name, labels FROM series", [], (chunk) => {
      const [runs, names, labels] = [integers(chunk, 1), texts(chunk, 2), texts(chunk, 3)];
      for (const [index, key] of integers(chunk, 0).entries()) {
        catalog.nextSeries = Math.max(catalog.nextSeries, key + 1);
        const run = byKey.get(runs[index] ?? -1);
        if (run === undefined) continue;
        const state = new SeriesState(
          key,
          run.key,
          names[index] ?? "",
          Labels.parse(JSON.parse(labels[index] ?? "{}")),
        );
        catalog.series.set(key, state);
        run.series.set(state.id, state);
      }
    });
    await loadSummaries(catalog, reader);
    await reader.query("SELECT writer, first, last FROM writers", [], (chunk) => {
      const [first, last] = [doubles(chunk, 1), doubles(chunk, 2)];
      for (const [index, writer] of texts(chunk, 0).entries()) {
        catalog.addBatches(writer ?? "", first[index] ?? 0, last[index] ?? 0);
      }
    });
    await reader.query("SELECT run, (max(ordinal) + 1)::INTEGER FROM records GROUP BY run", [], (chunk) => {
      const counts = integers(chunk, 1);
      for (const [index, key] of integers(chunk, 0).entries()) {
        const run = byKey.get(key);
        if (run !== undefined) run.records = counts[index] ?? 0;
      }
    });
    await reader.query("SELECT run, max(version)::INTEGER FROM findings GROUP BY run", [], (chunk) => {
      const versions = integers(chunk, 1);
      for (const [index, key] of integers(chunk, 0).entries()) {
        const run = byKey.get(key);
        const version = versions[index] ?? 0;
        catalog.nextVersion = Math.max(catalog.nextVersion, version + 1);
        if (run !== undefined) run.findings = version;
      }
    });
    await reader.query("SELECT run, version, key, media_type, size FROM blobs ORDER BY version", [], (chunk) => {
      const [versions, keys, types, sizes] = [integers(chunk, 1), texts(chunk, 2), texts(chunk, 3), doubles(chunk, 4)];
      for (const [index, key] of integers(chunk, 0).entries()) {
        const version = versions[index] ?? 0;
        catalog.nextVersion = Math.max(catalog.nextVersion, version + 1);
        byKey.get(key)?.blobs.set(keys[index] ?? "", {
          version,
          sizeBytes: sizes[index] ?? 0,
          mediaType: types[index] ?? "",
        });
      }
    });
    return catalog;
  });
}

/**
 * Counts and ranges of every series: from the complete buckets of level 1, a sixteenth of the points,
 * and the points after them.
 */
async function loadSummaries(catalog: Catalog, reader: Parameters<Parameters<Engine["read"]>[0]>[0]): Promise<void> {
  await reader.query(
    `SELECT series, segment, min(ordinal), sum(count), sum(nan + positive_infinity + negative_infinity),
        coalesce(min(min) FILTER (WHERE NOT isnan(min)), 'nan'::DOUBLE),
        coalesce(max(max) FILTER (WHERE NOT isnan(max)), 'nan'::DOUBLE),
        min(lo), max(hi), coalesce(max(max_time) FILTER (WHERE NOT isnan(max_time)), 'nan'::DOUBLE)
      FROM rollups WHERE level = 1 GROUP BY series, segment ORDER BY series, segment`,
    [],
    (chunk) => {
      const column = (index: number): Float64Array => doubles(chunk, index);
      const [segment, ordinal, count, nonFinite, min, max, lo, hi, time] = [1, 2, 3, 4, 5, 6, 7, 8, 9].map(column);
      for (const [row, key] of integers(chunk, 0).entries()) {
        const state = catalog.series.get(key);
        if (state === undefined) continue;
        if (state.count === 0) state.firstStep = lo?.[row] ?? Number.NaN;
        state.count += count?.[row] ?? 0;
        state.nonFinite += nonFinite?.[row] ?? 0;
        state.segments = (segment?.[row] ?? 0) + 1;
        state.segmentStart = ordinal?.[row] ?? 0;
        state.lastStep = hi?.[row] ?? Number.NaN;
        state.lastTime = time?.[row] ?? Number.NaN;
        const low = min?.[row] ?? Number.NaN;
        const high = max?.[row] ?? Number.NaN;
        if (!Number.isNaN(low) && !(low >= state.min)) state.min = low;
        if (!Number.isNaN(high) && !(high <= state.max)) state.max = high;
      }
    },
  );
  // The last point inside the buckets is read again for its value and time.
  await reader.query(
    `SELECT p.series, p.segment, p.ordinal, p.step::DOUBLE, p.time, p.value
      FROM points p LEFT JOIN (SELECT series, max(ordinal + count) AS stored FROM rollups WHERE level = 1 GROUP BY series) r
        ON p.series = r.series
      WHERE p.ordinal >= coalesce(r.stored, 0) - 1 ORDER BY p.series, p.ordinal`,
    [],
    (chunk) => {
      const [segment, ordinal] = [integers(chunk, 1), integers(chunk, 2)];
      const [step, time, value] = [doubles(chunk, 3), doubles(chunk, 4), doubles(chunk, 5)];
      for (const [row, key] of integers(chunk, 0).entries()) {
        const state = catalog.series.get(key);
        if (state === undefined) continue;
        const at = ordinal[row] ?? 0;
        if (at < state.count) {
          state.lastValue = value[row] ?? Number.NaN;
          const known = time[row] ?? Number.NaN;
          if (!Number.isNaN(known)) state.lastTime = known;
          continue;
        }
        if (at === 0) state.firstStep = step[row] ?? Number.NaN;
        if (state.segments !== (segment[row] ?? 0) + 1) {
          state.segments = (segment[row] ?? 0) + 1;
          state.segmentStart = at;
        }
        state.summarise({ name: "", labels: {}, step, time, value }, row, row + 1);
      }
    },
  );
}

/** Ordinal from which on points of `state` are in no complete bucket of `level`. */
export function openFrom(state: SeriesState, level: number): number {
  const bucket = fanOut ** level;
  return state.segmentStart + Math.floor((state.count - state.segmentStart) / bucket) * bucket;
}

/** Ordinal up to which the overview of a series reaches. */
export const overviewEnd = (state: SeriesState): number => openFrom(state, levels);
