import {
  emptyLedger,
  follow,
  isAnalysed,
  isLayerSeries,
  RunData,
  withResolved,
  type LedgerState,
} from "../../analysis/index.ts";
import { Roles } from "../../ingest/records/role.ts";
import type { Finding } from "../../model/finding.ts";
import type { LogRecord } from "../../model/record.ts";
import type { Report } from "../../model/report.ts";
import type { Run } from "../../model/run.ts";
import { seriesId, type SeriesPoints } from "../../model/series.ts";
import type { Store } from "../../store/store.ts";
import { createReport } from "./engine.ts";
import { keptLedger } from "./kept-ledger.ts";
import { HeldLayers, maxHeldLayerPoints } from "./held-layers.ts";
import { SeriesBook } from "./series-book.ts";

/** Points of one series held for the engine: 12 MB at 24 bytes a point. */
export const maxHeldPoints = 500_000;
/** Records held for the engine; beyond the first number only warnings and worse. */
export const maxHeldRecords = { any: 20_000, severe: 50_000 } as const;
const recordPage = 10_000;
/** Layer series that are read together, and rows of each, when a run is loaded. */
const layerPage = { series: 200, rows: 65_536 } as const;
/** Sources of runs that are over when they come in. */
const importSources: readonly string[] = ["import", "recording"];

/** What the store has of earlier diagnoses. */
interface Kept {
  readonly findings: readonly Finding[];
  readonly ledger: LedgerState;
}

/** One run in memory: what the engine looks at, and the state that screens are told of. */
export class LiveRun {
  readonly id: string;
  readonly data: RunData;
  readonly book: SeriesBook;
  readonly #held = new Map<string, number>();
  readonly #cut = new Map<string, number>();
  readonly #layers = new HeldLayers();
  /** Ids of all series in order; thousands of layers are not sorted at each diagnosis. */
  #ids: readonly string[] = [];
  readonly #makeReport: () => Report;
  readonly roles = new Roles();
  recordCount: number;
  /** The newest diagnosis; undefined before the first. */
  report: Report | undefined;
  /** Whether data came in after `report`. */
  isStale = true;
  /** What was shown of this run so far. */
  ledger: LedgerState;
  /** `judgement` as it is in the store. */
  persisted: string;
  persistedAt = 0;
  /** Points of the main loss when its curve was last kept for lists. */
  keptCount = 0;
  /** Appends under way; a run with some is not evicted. */
  inFlight = 0;
  usedAt = Date.now();

  constructor(run: Run, book = new SeriesBook(), recordCount = 0, kept: Kept = { findings: [], ledger: emptyLedger }) {
    this.id = run.id;
    this.data = new RunData(infoOf(run));
    this.data.setConfig(run.config);
    this.book = book;
    this.recordCount = recordCount;
    this.ledger = kept.ledger;
    this.persisted = judgementOf(kept.findings, kept.ledger);
    this.#makeReport = createReport(this.data);
  }

  /** Everything that the store knows of the run, up to the limits above. */
  static async load(store: Store, run: Run): Promise<LiveRun> {
    const [infos, findings, ledger, first] = await Promise.all([
      store.listSeries(run.id),
      store.getFindings(run.id),
      keptLedger(store, run.id),
      store.readRecords(run.id, { order: "ascending", limit: recordPage, offset: 0 }),
    ]);
    const live = new LiveRun(run, new SeriesBook(infos), first.total, { findings, ledger });
    live.#hold([], first.records);
    for (let offset = recordPage; offset < Math.min(first.total, maxHeldRecords.severe); offset += recordPage) {
      const { records } = await store.readRecords(run.id, { order: "ascending", limit: recordPage, offset });
      live.#hold([], records);
    }
    const analysed = infos.filter((s) => isAnalysed(s.name, s.labels));
    const layers = analysed.filter((s) => isLayerSeries(s.name)).map(({ id }) => id);
    for (let begin = 0; begin < layers.length; begin += layerPage.series) {
      const series = layers.slice(begin, begin + layerPage.series);
      live.#hold(await store.readPoints(run.id, { series, limit: layerPage.rows }), []);
    }
    for (const info of analysed.filter((s) => !isLayerSeries(s.name))) {
      const read = await store.readPoints(run.id, { series: [info.id], limit: maxHeldPoints });
      live.#hold(read, []);
      if (info.count > maxHeldPoints) live.#cut.set(info.id, info.count - maxHeldPoints);
    }
    // What was shown last was of all these data, also when the ledger was not written again since.
    const seenTo = Number.isFinite(live.data.lastStep) ? live.data.lastStep : null;
    live.ledger = { ...ledger, shown: ledger.shown.map(({ finding }) => ({ finding, seenTo })) };
    return live;
  }

  get heldPoints(): number {
    let sum = this.#layers.points;
    for (const points of this.#held.values()) sum += points;
    return sum;
  }

  append(series: readonly SeriesPoints[], records: readonly LogRecord[]): void {
    for (const points of series) this.book.append(points);
    this.recordCount += records.length;
    this.#hold(series, records);
    this.isStale = true;
    this.usedAt = Date.now();
  }

  change(run: Run): void {
    this.data.setInfo(infoOf(run));
    this.data.setConfig(run.config);
    this.isStale = true;
    this.usedAt = Date.now();
  }

  /** `clock`: milliseconds since the epoch while the run goes on, else null. */
  diagnose(clock: number | null): Report {
    this.data.clock = clock;
    const report = this.#makeReport();
    // While files are imported nobody looks at what their first rows seem to show.
    if (!importSources.includes(this.data.info.source)) this.ledger = follow(this.ledger, report);
    if (this.#ids.length !== this.book.size) this.#ids = Array.from(this.book.infos, (s) => s.id).sort();
    this.report = {
      ...withResolved(report, this.ledger),
      run: { ...report.run, series: [...this.#ids] },
      explained: [...report.explained, ...this.#limits()],
    };
    this.isStale = false;
    return this.report;
  }

  #hold(series: readonly SeriesPoints[], records: readonly LogRecord[]): void {
    for (const points of series) {
      if (!isAnalysed(points.name, points.labels)) continue;
      const id = seriesId(points.name, points.labels);
      if (isLayerSeries(points.name)) {
        const kept = this.#layers.take(id, points);
        if (kept !== null) this.data.appendPoints(kept);
        continue;
      }
      const held = this.#held.get(id) ?? 0;
      const room = Math.min(points.value.length, maxHeldPoints - held);
      if (room < points.value.length) this.#cut.set(id, (this.#cut.get(id) ?? 0) + points.value.length - room);
      if (room <= 0) continue;
      const { name, labels, step, time, value } = points;
      this.data.appendPoints({
        name,
        labels,
        step: step.subarray(0, room),
        time: time.subarray(0, room),
        value: value.subarray(0, room),
      });
      this.#held.set(id, held + room);
    }
    for (const record of records) {
      const { message, level, group, exception } = record;
      if (exception !== null) this.roles.of({ message, level, isException: true }, group);
      const count = this.data.records.length;
      const isSevere = record.level !== "debug" && record.level !== "info";
      if (count < (isSevere ? maxHeldRecords.severe : maxHeldRecords.any)) this.data.records.push(record);
    }
  }

  /** What is written when it changes: the findings and those that no longer hold. */
  get judgement(): string {
    return judgementOf(this.report?.findings ?? [], this.ledger);
  }

  /** What of the run the engine did not look at. */
  #limits(): { sign: string; why: string }[] {
    const limits = Array.from(this.#cut, ([id, left]) => ({
      sign: `${left} points of ${id} were not examined`,
      why: `A diagnosis looks at the first ${maxHeldPoints} points of a series; the curve shows all of them.`,
    }));
    const { cut, thinned } = this.#layers;
    if (cut + thinned > 0) {
      limits.push({
        sign: `${cut + thinned} points of layers were not examined`,
        why: `A diagnosis looks at the first 1024 watched steps of a layer, then at ever fewer${cut > 0 ? `, and at ${maxHeldLayerPoints} points of all layers together` : ""}; the map and the curves show all of them.`,
      });
    }
    const left = this.recordCount - this.data.records.length;
    if (left > 0) {
      limits.push({
        sign: `${left} records were not examined`,
        why: `A diagnosis looks at the first ${maxHeldRecords.any} records and then at warnings and errors up to ${maxHeldRecords.severe}; the log shows all of them.`,
      });
    }
    return limits;
  }
}

const judgementOf = (findings: readonly Finding[], { resolved }: LedgerState): string =>
  JSON.stringify([findings, resolved]);

const infoOf = ({ id, name, kind, source, dialect, status, createdAt, endedAt, exitStatus }: Run): RunData["info"] => ({
  id,
  name,
  kind,
  source,
  dialect,
  status,
  startedAt: createdAt,
  endedAt,
  exitStatus,
});
