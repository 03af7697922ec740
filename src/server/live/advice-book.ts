import { setTimeout as sleep } from "node:timers/promises";
import {
  adviceKey,
  adviceOutcomes,
  anyFollowed,
  isLearningRate,
  rankAdvice,
  type AdviceHistory,
  type Configured,
  type JudgedRun,
  type TrackRecord,
} from "../../analysis/index.ts";
import { messageOf } from "../../base/errors.ts";
import type { Advice, AdviceOutcome } from "../../model/finding.ts";
import type { Report } from "../../model/report.ts";
import type { Run } from "../../model/run.ts";
import type { Store } from "../../store/store.ts";
import type { Catalog } from "./catalog.ts";
import { experimentsOf, type Experiment } from "./experiments.ts";
import { keepOutcomes, keptOutcomes, type KeptOutcome } from "./kept-outcomes.ts";

/** Runs whose kept outcomes are read at once when a server starts; the others come one by one, at this pace. */
const readAtOnce = 50;
const pauseBetweenMs = 30;
/** A run that ended is followed up after this pause, so that its last points and its peers are in. */
const pauseMs = 300;
/** The newest runs of a project that are looked at, and experiments compared with the one that ended. */
const maxPeers = 200;
const maxExperiments = 20;
/** Advice applied together, or by several later experiments: more is not kept for one run. */
const maxKept = 100;

interface Parts {
  readonly store: Store;
  readonly catalog: Catalog;
  /** The run as the analysis takes it, diagnosed. */
  readonly judge: (id: string) => Promise<JudgedRun>;
  /** What is shown of this run changed. */
  readonly changed: (id: string) => void;
  readonly log: (line: string) => void;
}

/**
 * The life of advice: proposed, applied by a later run of the project, and then helped, did not help or
 * not shown. When a run ends, its experiment (the runs that differ from it by the seed alone) is
 * compared with those before it whose advice it applied, and with those after it that applied its own.
 * What came of advice orders the advice of later findings. Failures here are logged and fail nothing.
 */
export class AdviceBook {
  readonly #parts: Parts;
  readonly #kept = new Map<string, readonly KeptOutcome[]>();
  #history: AdviceHistory = new Map();
  readonly #waiting = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #work: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Reads what came of advice before. Resolves when the newest runs are read; thousands of older ones follow beside other work. */
  async load(): Promise<void> {
    const ids = [...this.#parts.catalog.ids()].toReversed();
    await this.#read(ids.slice(0, readAtOnce), 0);
    if (ids.length > readAtOnce) this.#work = this.#read(ids.slice(readAtOnce), pauseBetweenMs);
  }

  async #read(ids: readonly string[], pause: number): Promise<void> {
    for (const id of ids) {
      if (pause > 0) await sleep(pause, undefined, { ref: false });
      if (this.#isClosed) return;
      const kept = await keptOutcomes(this.#parts.store, id).catch(() => []);
      if (kept.length > 0 && !this.#kept.has(id)) this.#kept.set(id, kept);
    }
    this.#history = historyOf(this.#kept.values());
  }

  /** The report with the outcome of each advice, the likeliest to help first. */
  decorate(id: string, report: Report): Report {
    const kept = this.#kept.get(id) ?? [];
    if (kept.length === 0 && this.#history.size === 0) return report;
    const withOutcome = (rule: string, advice: Advice): Advice => {
      const outcome = strongest(kept.filter((one) => one.rule === rule && one.advice === advice.id));
      return outcome === undefined ? advice : { ...advice, outcome };
    };
    return {
      ...report,
      findings: report.findings.map((finding) => ({
        ...finding,
        advice: rankAdvice(
          finding.rule,
          finding.advice.map((advice) => withOutcome(finding.rule, advice)),
          this.#history,
        ),
      })),
    };
  }

  ended(id: string): void {
    this.#waiting.add(id);
    this.#timer ??= setTimeout(() => this.#next(), pauseMs).unref();
  }

  deleted(id: string): void {
    this.#waiting.delete(id);
    this.#kept.delete(id);
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#waiting.clear();
    // What is left out is followed up when the next run of the project ends.
    this.#isClosed = true;
    await this.#work;
  }

  #next(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    // What ends while others are followed up is taken together: an import of thousands reads its peers a few times.
    this.#work = this.#work.then(async () => {
      const byProject = new Map<string, Set<string>>();
      for (const id of this.#waiting) {
        const row = this.#parts.catalog.get(id)?.row;
        if (row?.kind !== "train" || row.status === "running") continue;
        byProject.set(row.project, (byProject.get(row.project) ?? new Set()).add(id));
      }
      this.#waiting.clear();
      for (const [project, ids] of byProject)
        await this.#followUp(project, ids).catch((thrown: unknown) =>
          this.#parts.log(`Advice applied in project ${project} could not be followed up: ${messageOf(thrown)}`),
        );
    });
  }

  async #followUp(project: string, ids: ReadonlySet<string>): Promise<void> {
    const { store, catalog } = this.#parts;
    const { entries } = catalog.list({ project, sort: "createdAt", order: "descending", limit: maxPeers, offset: 0 });
    // Advice is only in findings. Without any in the project nothing is read: an import of thousands must not wait for this.
    if (entries.every(({ derived }) => derived?.findings === 0)) return;
    const peers: Run[] = [];
    for (const { row } of entries) {
      if (row.kind !== "train" || row.status === "running") continue;
      const run = await store.getRun(row.id);
      if (run !== undefined) peers.push(run);
    }
    const experiments = experimentsOf(peers);
    const done = new Set<Experiment>();
    for (const own of experiments.filter(({ runs }) => runs.some(({ id }) => ids.has(id)))) {
      done.add(own);
      for (const other of experiments.filter((one) => !done.has(one)).slice(0, maxExperiments)) {
        if (this.#isClosed) return;
        const [before, after] = other.startedAt < own.startedAt ? [other, own] : [own, other];
        if (before.runs.every(({ id }) => catalog.get(id)?.derived?.findings === 0)) continue;
        await this.#compare(before, after);
      }
    }
  }

  async #compare(before: Experiment, after: Experiment): Promise<void> {
    const { store, judge } = this.#parts;
    const [first] = before.runs;
    const [last] = after.runs;
    if (first === undefined || last === undefined) return;
    const [from, to] = [await this.#settingsOf(first), await this.#settingsOf(last)];
    const findings = [];
    for (const { id } of before.runs) findings.push(...(await store.getFindings(id)));
    if (!anyFollowed(findings, from, to)) return;
    const judged = async (runs: readonly Run[]): Promise<JudgedRun[]> => {
      const all: JudgedRun[] = [];
      for (const run of runs) all.push(await judge(run.id));
      return all;
    };
    const sides = { before: await judged(before.runs), after: await judged(after.runs) };
    for (const { run, ...outcome } of adviceOutcomes(sides.before, sides.after))
      await this.#note(run, { ...outcome, group: last.id });
  }

  async #settingsOf({ id, config, environment }: Run): Promise<Configured> {
    const series = await this.#parts.store.listSeries(id);
    const rates = series.filter(({ name, labels, max }) => isLearningRate(name, labels) && Number.isFinite(max));
    return {
      config,
      environment,
      ...(rates.length > 0 && { peakRate: Math.max(...rates.map(({ max }) => max)) }),
    };
  }

  async #note(id: string, outcome: KeptOutcome): Promise<void> {
    const { store, catalog, changed } = this.#parts;
    const before = this.#kept.get(id) ?? [];
    const isSame = (one: KeptOutcome): boolean =>
      one.rule === outcome.rule && one.advice === outcome.advice && one.group === outcome.group;
    const known = before.find(isSame);
    if (JSON.stringify(known) === JSON.stringify(outcome) || catalog.get(id) === undefined) return;
    const kept = [...before.filter((one) => !isSame(one)), outcome].slice(-maxKept);
    await keepOutcomes(store, id, kept);
    this.#kept.set(id, kept);
    this.#history = historyOf(this.#kept.values());
    changed(id);
  }
}

const strength: Readonly<Record<AdviceOutcome["state"], number>> = {
  helped: 3,
  "did-not-help": 2,
  "not-shown": 1,
  applied: 0,
};

/** Of several experiments that applied an advice the one that says most; the newest among equals. */
const strongest = (kept: readonly KeptOutcome[]): AdviceOutcome | undefined =>
  kept.toSorted((a, b) => strength[a.outcome.state] - strength[b.outcome.state]).at(-1)?.outcome;

/** Each experiment counts once, however many seeds before it had the finding. */
function historyOf(all: Iterable<readonly KeptOutcome[]>): AdviceHistory {
  const counted = new Set<string>();
  const history = new Map<string, TrackRecord>();
  for (const kept of all)
    for (const { rule, advice, group, outcome, alone } of kept) {
      const key = adviceKey(rule, advice);
      const { state } = outcome;
      if (!alone || (state !== "helped" && state !== "did-not-help") || counted.has(`${key} ${group}`)) continue;
      counted.add(`${key} ${group}`);
      const { helped, didNotHelp } = history.get(key) ?? { helped: 0, didNotHelp: 0 };
      history.set(
        key,
        state === "helped" ? { helped: helped + 1, didNotHelp } : { helped, didNotHelp: didNotHelp + 1 },
      );
    }
  return history;
}
