import { basename } from "node:path";
import { AppError } from "../../base/errors.ts";
import type { Finding } from "../../model/finding.ts";
import { toJson } from "../../model/number.ts";
import type { Run } from "../../model/run.ts";
import type {
  Batch,
  BucketQuery,
  Buckets,
  Extremes,
  ExtremesQuery,
  PointQuery,
  RecordGroup,
  RecordQuery,
  RunQuery,
  SeriesInfo,
  SizeReport,
  Store,
  StoredPoints,
  StoredRecord,
  StoreIncident,
} from "../store.ts";
import { readBlob, readFindings, readRuns } from "./bodies.ts";
import { toBuckets } from "./bucket-columns.ts";
import { RunEntry } from "./catalog.ts";
import type { Catalog } from "./catalog.ts";
import { CommitQueue } from "./commit-queue.ts";
import { Compaction } from "./compaction.ts";
import type { Connection, EngineOptions } from "./engine.ts";
import type { Read } from "./fetch-rows.ts";
import { batchBytes, checkBatch, stageBatch } from "./ingest.ts";
import { loadRuns } from "./load-run.ts";
import { acquireLock } from "./lock.ts";
import type { Lock } from "./lock.ts";
import type { Alone } from "./overviews.ts";
import { readBuckets } from "./read-buckets.ts";
import { readExtremes } from "./read-extremes.ts";
import { readPoints } from "./read-points.ts";
import { listRecordGroups, readRecords } from "./records.ts";
import { selectRuns } from "./select-runs.ts";
import type { SeriesState } from "./series-state.ts";
import type { Session } from "./session.ts";
import { countPoints, sizeOf } from "./size.ts";
import { Smoothing } from "./smoothing.ts";
import { currentFile, nextFile, removeOthers, setCurrent } from "./store-file.ts";
import { Supervisor } from "./supervisor.ts";

export { annotateLock } from "./lock.ts";

export interface EmbeddedStoreOptions extends EngineOptions {
  /** Ingest stops when less than this is free; default 64 MiB, or a tenth of a small file system. */
  readonly floorBytes?: number | undefined;
  /** After how long without use the store gives memory back. */
  readonly restMs?: number | undefined;
}

/** A store that is not used for this long gives memory back. */
const restMs = 15_000;
/** Series whose state is read together when several runs are first used at once. */
const maxLoadedSeries = 1_000;

/**
 * The store in a directory of this machine, on DuckDB. One process owns the directory.
 *
 * Set UV_THREADPOOL_SIZE=16 before anything uses the pool: the engine's calls wait in it.
 */
export async function openEmbeddedStore(directory: string, options: EmbeddedStoreOptions = {}): Promise<Store> {
  const lock = acquireLock(directory);
  try {
    removeOthers(directory);
    const supervisor = new Supervisor(directory, options, Date.now);
    await supervisor.session();
    return new EmbeddedStore(directory, lock, supervisor, options);
  } catch (error) {
    lock.release();
    throw error;
  }
}

class EmbeddedStore implements Store {
  private readonly directory: string;
  private readonly lock: Lock;
  private readonly supervisor: Supervisor;
  private readonly options: EmbeddedStoreOptions;
  private readonly queue: CommitQueue;
  private readonly smoothing = new Smoothing();
  private readonly watch: NodeJS.Timeout;
  /** What had been done when the watch last looked. */
  private readsBefore = 0;
  private commitsBefore = 0;
  private resting = true;
  private compacting: Promise<void> | undefined;
  /** Runs that are first used and wait for the state of their series. */
  private readonly wanted = new Set<RunEntry>();

  constructor(directory: string, lock: Lock, supervisor: Supervisor, options: EmbeddedStoreOptions) {
    this.directory = directory;
    this.lock = lock;
    this.supervisor = supervisor;
    this.options = options;
    this.queue = new CommitQueue({
      session: () => supervisor.session(),
      checkSpace: (bytes) => supervisor.checkSpace(bytes),
      recover: async (session, error) => {
        const told = supervisor.explain(error);
        await supervisor.reopen(session, error);
        return told;
      },
    });
    this.watch = setInterval(() => void this.rest(), options.restMs ?? restMs).unref();
  }

  get incidents(): readonly StoreIncident[] {
    return this.supervisor.incidents;
  }

  async putRun(run: Run): Promise<void> {
    const body = toJson(run);
    await this.queue.submit({
      bytes: body.length * 2,
      stage: ({ catalog, writers }) => {
        let entry = catalog.runs.get(run.id);
        if (entry === undefined) {
          entry = new RunEntry(catalog.nextRun++, run.id);
          entry.loaded = true;
          catalog.runs.set(run.id, entry);
        }
        entry.describe(catalog.nextVersion++, run);
        writers.runs.push([
          entry.key,
          entry.version,
          run.id,
          run.project,
          run.name,
          run.status,
          run.createdAt,
          run.endedAt ?? Number.NaN,
          JSON.stringify(run.tags),
          body,
        ]);
      },
    });
  }

  async getRun(id: string): Promise<Run | undefined> {
    const [run] = await this.runs((catalog) => {
      const entry = catalog.runs.get(id);
      return entry === undefined ? [] : [entry];
    });
    return run;
  }

  async listRuns(query: RunQuery): Promise<{ runs: readonly Run[]; total: number }> {
    let total = 0;
    const runs = await this.runs((catalog) => {
      const selected = selectRuns(catalog.runs.values(), query);
      total = selected.length;
      return selected.slice(query.offset, query.offset + query.limit);
    });
    return { runs, total };
  }

  async deleteRun(id: string): Promise<void> {
    await this.change(id, 64, ({ catalog, writers }, run) => {
      writers.dropped.push([run.key]);
      catalog.remove(run);
    });
  }

  async append(id: string, batch: Batch): Promise<{ readonly duplicate: boolean }> {
    checkBatch(batch);
    return this.queue.submit({
      bytes: batchBytes(batch),
      prepare: async ({ engine, catalog }) => {
        const run = catalog.runs.get(id);
        if (run?.loaded === false) await engine.read((reader) => loadRuns(reader, [run]));
      },
      stage: ({ catalog, writers }) => stageBatch(catalog, writers, known(catalog, id), batch),
    });
  }

  async listSeries(id: string): Promise<readonly SeriesInfo[]> {
    const { run } = await this.loaded(id);
    return Array.from(run.series.values(), (state) => state.info());
  }

  async readPoints(id: string, query: PointQuery): Promise<readonly StoredPoints[]> {
    const { run } = await this.loaded(id);
    return this.supervisor.read((reader) => readPoints(reader, seriesOf(run, query.series), query));
  }

  async readBuckets(id: string, query: BucketQuery): Promise<readonly Buckets[]> {
    const { session, run } = await this.loaded(id);
    const read: Read = (work) => this.supervisor.read((reader) => work(reader));
    const alone: Alone = (work) => this.queue.alone(work);
    const sources = { read, alone, overviews: session.overviews };
    const charts = await readBuckets(sources, seriesOf(run, query.series), query);
    const smoothed = query.smoothing === undefined ? undefined : await this.smoothing.of(read, charts, query.smoothing);
    return charts.map(({ state, rows }) => toBuckets(state.id, rows, smoothed?.get(state)));
  }

  async readExtremes(id: string, query: ExtremesQuery): Promise<Extremes> {
    const { run } = await this.loaded(id);
    return this.supervisor.read((reader) => readExtremes(reader, seriesOf(run, query.series), query));
  }

  async readRecords(id: string, query: RecordQuery): Promise<{ records: readonly StoredRecord[]; total: number }> {
    return this.supervisor.read((reader, { catalog }) => readRecords(reader, known(catalog, id).key, query));
  }

  async listRecordGroups(id: string): Promise<readonly RecordGroup[]> {
    return this.supervisor.read((reader, { catalog }) => listRecordGroups(reader, known(catalog, id).key));
  }

  async putFindings(id: string, findings: readonly Finding[]): Promise<void> {
    const body = toJson(findings);
    await this.change(id, body.length * 2, ({ catalog, writers }, run) => {
      run.findings = catalog.nextVersion++;
      writers.findings.push([run.key, run.findings, body]);
    });
  }

  async getFindings(id: string): Promise<readonly Finding[]> {
    const found = await this.committed(async (reader, { catalog }) => {
      const version = known(catalog, id).findings;
      return version === 0 ? [] : readFindings(reader, version);
    });
    return found ?? [];
  }

  async putBlob(id: string, key: string, content: Uint8Array, mediaType: string): Promise<void> {
    const size = content.byteLength;
    await this.change(id, size, ({ catalog, writers }, run) => {
      const version = catalog.nextVersion++;
      run.blobs.set(key, { version, sizeBytes: size, mediaType });
      writers.blobs.push([run.key, version, key, mediaType, size, content]);
    });
  }

  async getBlob(id: string, key: string): Promise<{ content: Uint8Array; mediaType: string } | undefined> {
    return this.committed(async (reader, { catalog }) => {
      const blob = known(catalog, id).blobs.get(key);
      const content = blob === undefined ? undefined : await readBlob(reader, blob.version);
      return blob === undefined || content === undefined ? undefined : { content, mediaType: blob.mediaType };
    });
  }

  async listBlobs(id: string): Promise<readonly { key: string; sizeBytes: number; mediaType: string }[]> {
    const { catalog } = await this.supervisor.session();
    return Array.from(known(catalog, id).blobs, ([key, { sizeBytes, mediaType }]) => ({ key, sizeBytes, mediaType }));
  }

  async size(): Promise<SizeReport> {
    return this.supervisor.read((reader, { catalog }) => sizeOf(this.directory, reader, catalog));
  }

  async compact(): Promise<void> {
    this.compacting ??= this.rewrite().finally(() => {
      this.compacting = undefined;
    });
    return this.compacting;
  }

  async close(): Promise<void> {
    clearInterval(this.watch);
    await this.compacting?.catch(() => {});
    await this.queue.drained();
    await this.supervisor.close();
    this.lock.release();
  }

  private async rewrite(): Promise<void> {
    const files = { from: currentFile(this.directory), to: nextFile(this.directory) };
    const compaction = await this.supervisor.readOnce(async (reader) => {
      const { stored, live } = await countPoints(reader);
      return Compaction.begin(reader, files, { ...this.options, share: stored === 0 ? 1 : live / stored });
    });
    await this.queue.alone(async () => {
      await this.supervisor.readOnce((reader) => compaction.finish(reader));
      await this.supervisor.replace(() => {
        setCurrent(this.directory, basename(files.to));
        removeOthers(this.directory);
      });
    });
  }

  /** A run that must exist, with the state of its series in memory. */
  private async loaded(id: string): Promise<{ readonly session: Session; readonly run: RunEntry }> {
    for (;;) {
      const session = await this.supervisor.session();
      const run = known(session.catalog, id);
      if (run.loaded) return { session, run };
      this.wanted.add(run);
      await this.queue.alone(async () => {
        if (run.loaded) return;
        const runs = this.nextWanted(session);
        try {
          await this.supervisor.read((reader) => loadRuns(reader, runs));
        } catch (error) {
          // Half of it may be in memory: the index is built anew.
          await this.supervisor.reopen(session, error);
          throw error;
        }
      });
    }
  }

  /** Runs that are asked for, the oldest question first: together they are read in the time of one. */
  private nextWanted({ catalog }: Session): RunEntry[] {
    const runs: RunEntry[] = [];
    let series = 0;
    for (const run of this.wanted) {
      if (runs.length > 0 && series + run.series.size > maxLoadedSeries) break;
      this.wanted.delete(run);
      // Of an index that was built anew, or deleted: whoever asked looks again.
      if (run.loaded || catalog.runs.get(run.id) !== run) continue;
      runs.push(run);
      series += run.series.size;
    }
    return runs;
  }

  /** A change of a run that must exist. */
  private async change<T>(id: string, bytes: number, stage: (session: Session, run: RunEntry) => T): Promise<T> {
    return this.queue.submit({ bytes, stage: (session) => stage(session, known(session.catalog, id)) });
  }

  /** Reads what the index points to; when it is not there yet, again after the transaction that writes it. */
  private async committed<T>(
    work: (reader: Connection, session: Session) => Promise<T | undefined>,
  ): Promise<T | undefined> {
    const found = await this.supervisor.read(work);
    if (found !== undefined) return found;
    await this.queue.settled();
    return this.supervisor.read(work);
  }

  /** The whole of runs that the index selects, in that order. */
  private async runs(select: (catalog: Catalog) => readonly RunEntry[]): Promise<readonly Run[]> {
    const runs = await this.committed(async (reader, { catalog }) => {
      const versions = select(catalog).map((run) => run.version);
      const bodies = await readRuns(reader, versions);
      return versions.every((version) => bodies.has(version))
        ? versions.flatMap((version) => bodies.get(version) ?? [])
        : undefined;
    });
    return runs ?? [];
  }

  /**
   * Gives memory back when nothing happens: what charts keep, and the engine's cache, which it only
   * gives back when it is closed. The next use finds it open again; closing also merges the log.
   */
  private async rest(): Promise<void> {
    if (this.supervisor.reads === this.readsBefore && this.queue.commits === this.commitsBefore) {
      if (this.resting || this.compacting !== undefined || this.supervisor.isReading) return;
      this.resting = true;
      this.smoothing.clear();
      // A failure is met again, and told, by whoever uses the store next.
      await this.queue.alone(() => this.supervisor.replace(() => {})).catch(() => {});
    } else this.resting = false;
    this.readsBefore = this.supervisor.reads;
    this.commitsBefore = this.queue.commits;
  }
}

function known(catalog: Catalog, id: string): RunEntry {
  const run = catalog.runs.get(id);
  if (run === undefined) throw new AppError("not-found", `There is no run ${id}.`);
  return run;
}

/** The series asked for, in that order; ids that the run does not have are left out. */
function seriesOf(run: RunEntry, ids: readonly string[]): SeriesState[] {
  return [...new Set(ids)].flatMap((id) => run.series.get(id) ?? []);
}
