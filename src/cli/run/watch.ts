import { ConsoleDecoder } from "../../ingest/index.ts";
import { isAnalysed, isObjective, RunData } from "../../analysis/index.ts";
import type { Decoded } from "../../model/batch.ts";
import { flatten, type FlatConfig } from "../../model/config.ts";
import type { LogRecord } from "../../model/record.ts";
import { seriesId, type SeriesPoints } from "../../model/series.ts";
import { Owners } from "../read/owners.ts";
import { Belonging } from "./belonging.ts";
import type { Output } from "./child.ts";
import type { Discovery } from "./discovery.ts";
import type { Follower } from "./follower.ts";
import { inSteps } from "./in-steps.ts";

/** Where a watched run's data go: the server's outbox, or nowhere when a run is only diagnosed here. */
export interface Sink {
  add(series: readonly SeriesPoints[], records: readonly LogRecord[]): void;
  changeRun(changes: Readonly<Record<string, unknown>>): void;
}

/**
 * Passes, two a second, that a metric's only value waits for a file that tells more. Lightning prints its
 * last values when training ends and writes its file a moment later.
 */
const settledAfterPasses = 6;
/** As many as a person reads; a program may make up new ones all the time. */
const mostNames = 64;

interface WatchOptions {
  readonly id: string;
  readonly name: string;
  readonly startedAt: number;
  /** Settings known before the first line: of the command line and of configuration files named there. */
  readonly config: FlatConfig;
  readonly sink: Sink | undefined;
  readonly now: () => number;
  /** The command's process, whose files are known to be its own. */
  readonly pid?: number;
}

/**
 * One run being watched: turns what the command prints and writes into points, records and settings, once
 * each, hands them to the sink and keeps for itself what the engine looks at. The same for a live command
 * and for a replayed recording.
 */
export class Watch {
  /** What the engine sees; holds only series that some rule can look at, unless there is no server to keep the rest. */
  readonly data: RunData;
  readonly owners = new Owners();
  readonly rejected: { source: string; index: number; reason: string }[] = [];
  /** Names of the metrics that were printed or written, the first ones. */
  readonly names = new Set<string>();
  /** Whether one of them is known as a loss or a reward. */
  hasObjective = false;
  #rejections = 0;
  readonly #pid: number | undefined;
  /** Whether files are looked for beside the console, which a replay does not. */
  readonly #findsFiles: boolean;
  readonly #belonging = new Map<Follower, Belonging>();
  readonly #decoder: ConsoleDecoder;
  readonly #console = {};
  readonly #sink: Sink | undefined;
  /** Settings of the command line stand above what is printed: they are what the user wrote. */
  readonly #given: FlatConfig;
  #dialect: string | null = null;
  /** Whether the log holds an exception that nobody caught. */
  sawException = false;

  constructor({ id, name, startedAt, config, sink, now, pid }: WatchOptions) {
    this.#pid = pid;
    this.#findsFiles = pid !== undefined;
    this.#decoder = new ConsoleDecoder({ now, config });
    this.#sink = sink;
    this.#given = config;
    this.data = new RunData({
      id,
      name,
      kind: "train",
      source: "run",
      dialect: null,
      status: "running",
      startedAt,
      endedAt: null,
      exitStatus: null,
    });
    this.data.setConfig(config);
  }

  get rejections(): number {
    return this.#rejections;
  }

  console(stream: Output, bytes: Uint8Array): void {
    this.#take("console", this.#console, this.#decoder.push(bytes, stream));
  }

  async files(discovery: Discovery, isLast: boolean): Promise<void> {
    await discovery.look(isLast);
    const judged = new Set<string>();
    for (const follower of discovery.followers) {
      const parts = (await follower.poll(isLast)).map((part) => inSteps(part, this.data.config));
      let belonging = this.#belonging.get(follower);
      if (belonging === undefined) {
        belonging = new Belonging(follower.path, this.#pid);
        this.#belonging.set(follower, belonging);
      }
      const verdict = await belonging.judge(parts, this.owners, follower, isLast);
      if ("another" in verdict) discovery.leaveOut(follower, verdict.another);
      else for (const decoded of verdict.passed) this.#take(undefined, follower, decoded);
      for (const { name, labels } of belonging.waiting) judged.add(seriesId(name, labels));
    }
    this.#add(this.owners.settle(judged, isLast ? 0 : settledAfterPasses), []);
  }

  /** System metrics and the like: no second source can hold them. */
  extra(series: readonly SeriesPoints[]): void {
    this.#sink?.add(series, []);
  }

  end(exitStatus: number, endedAt: number): "finished" | "failed" | "crashed" {
    this.#take("console", this.#console, this.#decoder.end());
    this.#add(this.owners.end(), []);
    const status = exitStatus === 0 ? "finished" : exitStatus > 128 || this.sawException ? "crashed" : "failed";
    this.data.setInfo({ status, endedAt, exitStatus });
    return status;
  }

  #add(series: readonly SeriesPoints[], records: readonly LogRecord[]): void {
    if (series.length === 0 && records.length === 0) return;
    for (const { name, labels } of series) {
      if (this.names.size < mostNames) this.names.add(name);
      this.hasObjective ||= isObjective(name, labels);
    }
    this.#sink?.add(series, records);
    this.data.append({
      series: this.#sink === undefined ? series : series.filter(({ name, labels }) => isAnalysed(name, labels)),
      records,
    });
  }

  /** `source` undefined: a file, whose reader keeps its own refusals. */
  #take(source: string | undefined, owner: object, decoded: Decoded): void {
    const series = this.owners.take(owner, decoded.series, this.#findsFiles && source !== undefined);
    const { records, config, dialect } = decoded;
    if (records.some(({ exception }) => exception !== null)) this.sawException = true;
    this.#add(series, records);
    const fresh: FlatConfig = flatten({});
    let isFresh = false;
    for (const [key, value] of Object.entries(config)) {
      if (key in this.#given || this.data.config.get(key) === value) continue;
      fresh[key] = value;
      isFresh = true;
    }
    const isRecognised = dialect !== undefined && dialect !== this.#dialect;
    if (isFresh) this.data.setConfig(fresh);
    if (isRecognised) {
      this.#dialect = dialect;
      this.data.setInfo({ dialect });
    }
    if (isFresh || isRecognised)
      this.#sink?.changeRun({ ...(isFresh ? { config: fresh } : {}), ...(isRecognised ? { dialect } : {}) });
    if (source === undefined) return;
    this.#rejections += decoded.rejected.length;
    for (const rejection of decoded.rejected)
      if (this.rejected.length < 20) this.rejected.push({ source, ...rejection });
  }
}
