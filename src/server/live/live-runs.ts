import type { JudgedRun } from "../../analysis/index.ts";
import type { LiveEvent } from "../../api/events.ts";
import { messageOf } from "../../base/errors.ts";
import type { Report } from "../../model/report.ts";
import type { Run } from "../../model/run.ts";
import type { Batch, Store } from "../../store/store.ts";
import { AdviceBook } from "./advice-book.ts";
import { unknownRun, type Catalog, type Derived } from "./catalog.ts";
import { DiagnosisQueue } from "./diagnosis-queue.ts";
import type { Hub } from "./hub.ts";
import { keepCurve, keptSparkline, shortCurve, type KeptCurve } from "./kept-curve.ts";
import { keepLedger } from "./kept-ledger.ts";
import { LiveRun } from "./live-run.ts";
import { judged, lastStepOf, lossOf, mainLoss, sparkline } from "./summary.ts";

/** How often clock-based rules look at running runs, and memory is looked after. */
const tickMs = 5_000;
/** Unused this long, a run leaves memory; it is loaded again when it is needed. */
const idleMs = { ended: 60_000, running: 30 * 60_000 } as const;
/** Points held in memory over all runs before idle ones leave early: about 100 MB. */
const maxHeldTogether = 4_000_000;
/** Findings of one run are written at most this often while they change. */
const persistEveryMs = 1_000;
const maxReports = 200;

/**
 * Runs in memory and their diagnosis while data comes in.
 *
 * Lifecycle: a run is opened on its first use (loaded from the store, empty when it is new), grows with
 * every acknowledged batch, is diagnosed by the queue, and leaves after `idleMs`. All batches of a run go
 * through `ingest`, so what is in memory is what the store acknowledged, each batch once.
 * Nothing that fails here fails an ingest: the failure is logged, the data are stored.
 */
export class LiveRuns {
  readonly #store: Store;
  readonly #catalog: Catalog;
  readonly #hub: Hub;
  readonly #log: (line: string) => void;
  readonly #open = new Map<string, Promise<LiveRun>>();
  readonly #settled = new Map<string, LiveRun>();
  /** Reports of ended runs, least recently used first. */
  readonly #reports = new Map<string, Report>();
  readonly #queue: DiagnosisQueue<LiveRun>;
  readonly #persists = new Set<Promise<void>>();
  readonly #late = new Map<LiveRun, NodeJS.Timeout>();
  readonly advice: AdviceBook;
  readonly #tick: NodeJS.Timeout;

  constructor(store: Store, catalog: Catalog, hub: Hub, log: (line: string) => void) {
    this.#store = store;
    this.#catalog = catalog;
    this.#hub = hub;
    this.#log = log;
    this.advice = new AdviceBook({
      store,
      catalog,
      judge: (id) => this.judge(id),
      changed: (id) => this.#adviceChanged(id),
      log,
    });
    this.#queue = new DiagnosisQueue((live) => this.#diagnoseSafely(live));
    this.#tick = setInterval(() => this.#lookAfter(), tickMs);
    this.#tick.unref();
  }

  /** Stores a batch; resolves once it is durable. */
  async ingest(id: string, batch: Batch): Promise<{ duplicate: boolean }> {
    this.#catalog.require(id);
    const live = await this.open(id);
    live.inFlight += 1;
    try {
      const { duplicate } = await this.#store.append(id, batch);
      const entry = this.#catalog.get(id);
      if (entry !== undefined) {
        entry.heardAt = Date.now();
        if (entry.row.status === "lost") void this.#revive(id);
      }
      if (!duplicate) this.#took(live, batch);
      return { duplicate };
    } finally {
      live.inFlight -= 1;
    }
  }

  /** A run that was just created: there is nothing to load. */
  created(run: Run): void {
    const live = new LiveRun(run);
    this.#open.set(run.id, Promise.resolve(live));
    this.#settled.set(run.id, live);
  }

  /** Tells a run in memory, and those who look at it, of its new settings. */
  changed(run: Run): void {
    this.#reports.delete(run.id);
    this.#announceRun(run.id);
    if (run.status !== "running") this.advice.ended(run.id);
    const live = this.#settled.get(run.id);
    if (live === undefined) return;
    live.change(run);
    this.#queue.request(live);
  }

  async deleted(id: string): Promise<void> {
    this.#forget(id);
    this.#reports.delete(id);
    this.advice.deleted(id);
    this.#hub.deleted(id);
    await Promise.allSettled(this.#persists);
  }

  async open(id: string): Promise<LiveRun> {
    const known = this.#open.get(id);
    if (known !== undefined) {
      const live = await known;
      live.usedAt = Date.now();
      return live;
    }
    const opening = this.#load(id);
    this.#open.set(id, opening);
    try {
      const live = await opening;
      if (this.#open.get(id) === opening) this.#settled.set(id, live);
      return live;
    } catch (thrown) {
      this.#open.delete(id);
      throw thrown;
    }
  }

  async report(id: string): Promise<Report> {
    this.#catalog.require(id);
    const known = this.#reports.get(id);
    if (known !== undefined) return known;
    const live = await this.open(id);
    if (live.isStale || live.report === undefined) this.#diagnose(live);
    const report = live.report ?? live.diagnose(null);
    this.#remember(id, report);
    return report;
  }

  /** The run as a comparison of runs takes it. */
  async judge(id: string): Promise<JudgedRun> {
    const [report, run] = [await this.report(id), await this.#store.getRun(id)];
    if (run === undefined) throw unknownRun(id);
    const { data } = await this.open(id);
    const { name, environment } = run;
    return { id, name, data, report, command: environment.command, environment };
  }

  #adviceChanged(id: string): void {
    this.#reports.delete(id);
    const live = this.#settled.get(id);
    if (live === undefined) return;
    live.isStale = true;
    this.#queue.request(live);
  }

  /** The current state of one run, as the first events of a stream. Nothing happens between making it and the return. */
  async state(id: string): Promise<() => LiveEvent[]> {
    await this.report(id);
    const live = await this.open(id);
    return () => {
      const run = this.#catalog.summary(id);
      return [
        ...(run === undefined ? [] : [{ kind: "run" as const, run }]),
        { kind: "series", run: id, series: live.book.all() },
        { kind: "records", run: id, total: live.recordCount },
        ...(live.report === undefined ? [] : [{ kind: "report" as const, run: id, report: live.report }]),
      ];
    };
  }

  /** Brings the curve in a summary up to what came in since the last diagnosis; the verdict follows with the next. */
  refresh(id: string): void {
    const live = this.#settled.get(id);
    const entry = this.#catalog.get(id);
    if (live === undefined || !live.isStale || entry?.derived === undefined) return;
    entry.derived = { ...entry.derived, ...curveOf(live) };
    this.#announceRun(id);
  }

  /** The computed part of a summary, for a run that is not in memory. */
  async derive(id: string): Promise<void> {
    const entry = this.#catalog.get(id);
    if (entry === undefined || entry.derived !== undefined) return;
    const [infos, findings] = await Promise.all([this.#store.listSeries(id), this.#store.getFindings(id)]);
    const main = mainLoss(infos);
    let line: Derived["sparkline"] | undefined = [];
    if (main !== undefined) {
      line = await keptSparkline(this.#store, id, main);
      if (line === undefined) {
        line = sparkline(await shortCurve(this.#store, id, main));
        this.#keep(id, { series: main.id, count: main.count, sparkline: line });
      }
    }
    // A live diagnosis may have been quicker, and knows more.
    entry.derived ??= {
      lastStep: lastStepOf(infos),
      ...judged(findings),
      sparkline: line,
      lastLoss: lossOf(main?.lastValue),
    };
  }

  async close(): Promise<void> {
    clearInterval(this.#tick);
    await this.advice.close();
    this.#queue.close();
    for (const timer of this.#late.values()) clearTimeout(timer);
    this.#late.clear();
    for (const live of this.#settled.values()) {
      if (live.isStale && live.book.size > 0) this.#diagnoseSafely(live, true);
      this.#persist(live, true);
      this.#keepCurveOf(live);
    }
    await Promise.allSettled(this.#persists);
  }

  async #load(id: string): Promise<LiveRun> {
    const run = await this.#store.getRun(id);
    if (run === undefined) throw unknownRun(id);
    return LiveRun.load(this.#store, run);
  }

  #took(live: LiveRun, { series, records }: Batch): void {
    try {
      this.#reports.delete(live.id);
      live.append(series, records);
      if (series.length > 0) {
        this.#hub.changed(live.id, "series", () => {
          const grown = live.book.takeGrown();
          return grown.length === 0 ? undefined : { kind: "series", run: live.id, series: grown };
        });
      }
      if (records.length > 0) {
        this.#hub.changed(live.id, "records", () => ({ kind: "records", run: live.id, total: live.recordCount }));
      }
      this.#queue.request(live);
    } catch (thrown) {
      this.#log(`Diagnosis of run ${live.id} could not take a batch (the batch is stored): ${messageOf(thrown)}`);
    }
  }

  #diagnoseSafely(live: LiveRun, isClosing = false): void {
    try {
      if (isClosing || this.#settled.get(live.id) === live) this.#diagnose(live);
    } catch (thrown) {
      this.#log(`Diagnosis of run ${live.id} failed: ${messageOf(thrown)}`);
    }
  }

  #diagnose(live: LiveRun): void {
    const entry = this.#catalog.get(live.id);
    if (entry === undefined) return;
    const before = live.report;
    const report = this.advice.decorate(live.id, live.diagnose(entry.row.status === "running" ? Date.now() : null));
    live.report = report;
    const derived: Derived = { ...judged(report.findings), ...curveOf(live) };
    const isNews = JSON.stringify(derived) !== JSON.stringify(entry.derived);
    entry.derived = derived;
    if (isNews) this.#announceRun(live.id);
    if (before === undefined || gist(before) !== gist(report)) {
      this.#hub.changed(live.id, "report", () =>
        live.report === undefined ? undefined : { kind: "report", run: live.id, report: live.report },
      );
    }
    this.#persist(live, entry.row.status !== "running");
    if (entry.row.status !== "running") this.#keepCurveOf(live);
  }

  #keepCurveOf(live: LiveRun): void {
    const main = mainLoss(live.book.infos);
    const line = this.#catalog.get(live.id)?.derived?.sparkline;
    if (main === undefined || line === undefined || live.isStale || main.count === live.keptCount) return;
    live.keptCount = main.count;
    this.#keep(live.id, { series: main.id, count: main.count, sparkline: line });
  }

  /** A lost curve is computed again when it is missed, so a failure is no news. */
  #keep(id: string, curve: KeptCurve): void {
    this.#track(keepCurve(this.#store, id, curve).catch(() => undefined));
  }

  #track(writing: Promise<void>): void {
    this.#persists.add(writing);
    void writing.finally(() => this.#persists.delete(writing));
  }

  /** Writes the findings when they changed; at most every `persistEveryMs` unless `isFinal`. */
  #persist(live: LiveRun, isFinal: boolean): void {
    const findings = live.report?.findings;
    if (findings === undefined || this.#late.has(live)) return;
    const text = live.judgement;
    if (text === live.persisted) return;
    const wait = live.persistedAt + persistEveryMs - Date.now();
    if (!isFinal && wait > 0) {
      const timer = setTimeout(() => {
        this.#late.delete(live);
        this.#persist(live, true);
      }, wait);
      this.#late.set(live, timer.unref());
      return;
    }
    const before = live.persisted;
    live.persisted = text;
    live.persistedAt = Date.now();
    const writes = [this.#store.putFindings(live.id, findings), keepLedger(this.#store, live.id, live.ledger)];
    const writing = Promise.all(writes).then(nothing, (thrown: unknown) => {
      live.persisted = before;
      if (this.#catalog.get(live.id) !== undefined) {
        this.#log(`Findings of run ${live.id} could not be stored: ${messageOf(thrown)}`);
      }
    });
    this.#track(writing);
  }

  #announceRun(id: string): void {
    this.#hub.changed(id, "run", () => {
      const run = this.#catalog.summary(id);
      return run && { kind: "run", run };
    });
  }

  /** Points of a run that was taken for lost: it goes on. */
  async #revive(id: string): Promise<void> {
    try {
      const run = await this.#catalog.change(id, (before) => {
        if (before === undefined) throw unknownRun(id);
        return before.status === "lost" ? { ...before, status: "running", endedAt: null } : before;
      });
      this.changed(run);
    } catch (thrown) {
      this.#log(`Run ${id} reports again but its status could not be changed: ${messageOf(thrown)}`);
    }
  }

  #lookAfter(): void {
    const now = Date.now();
    let held = 0;
    for (const live of this.#settled.values()) held += live.heldPoints;
    const oldestFirst = [...this.#settled.values()].sort((a, b) => a.usedAt - b.usedAt);
    for (const live of oldestFirst) {
      const isRunning = this.#catalog.get(live.id)?.row.status === "running";
      const idle = now - live.usedAt;
      const isIdle = idle > (isRunning ? idleMs.running : idleMs.ended) || (held > maxHeldTogether && idle > tickMs);
      if (isIdle && live.inFlight === 0 && !this.#hub.isWatched(live.id)) {
        held -= live.heldPoints;
        if (live.isStale && live.book.size > 0) this.#diagnoseSafely(live);
        this.#forget(live.id);
        this.#persist(live, true);
        this.#keepCurveOf(live);
      } else if (isRunning && live.book.size > 0) this.#queue.request(live);
    }
  }

  #forget(id: string): void {
    const live = this.#settled.get(id);
    this.#open.delete(id);
    this.#settled.delete(id);
    if (live === undefined) return;
    this.#queue.drop(live);
    clearTimeout(this.#late.get(live));
    this.#late.delete(live);
  }

  #remember(id: string, report: Report): void {
    if (this.#catalog.get(id)?.row.status === "running") return;
    this.#reports.delete(id);
    this.#reports.set(id, report);
    const [oldest] = this.#reports.keys();
    if (this.#reports.size > maxReports && oldest !== undefined) this.#reports.delete(oldest);
  }
}

function curveOf(live: LiveRun): Pick<Derived, "lastStep" | "sparkline" | "lastLoss"> {
  const main = mainLoss(live.data.series);
  return {
    lastStep: lastStepOf(live.book.infos),
    sparkline: main === undefined ? [] : sparkline(main.value),
    lastLoss: lossOf(mainLoss(live.book.infos)?.lastValue),
  };
}

/** What a reader of a report would notice; that the run went on is told by `run` and `series`. */
const gist = ({ findings, resolved, explained, clean, notApplicable, failed }: Report): string =>
  JSON.stringify([findings, resolved, explained, clean, notApplicable, failed]);

const nothing = (): void => {};
