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
  /** Whether the state of its series is in memory; see load-run.ts. */
  loaded = false;

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

/** Ordinal up to which the overview of a series reaches: the points behind it are in open buckets. */
export function overviewEnd(state: SeriesState): number {
  const bucket = fanOut ** levels;
  return state.segmentStart + Math.floor((state.count - state.segmentStart) / bucket) * bucket;
}
