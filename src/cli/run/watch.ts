import { ConsoleDecoder } from "../../ingest/index.ts";
import { isAnalysed, RunData } from "../../analysis/index.ts";
import type { Decoded } from "../../model/batch.ts";
import { flatten, type FlatConfig } from "../../model/config.ts";
import type { LogRecord } from "../../model/record.ts";
import type { SeriesPoints } from "../../model/series.ts";
import { Owners } from "../read/owners.ts";
import type { Output } from "./child.ts";
import type { Discovery } from "./discovery.ts";

/** Where a watched run's data go: the server's outbox, or nowhere when a run is only diagnosed here. */
export interface Sink {
  add(series: readonly SeriesPoints[], records: readonly LogRecord[]): void;
  changeRun(changes: Readonly<Record<string, unknown>>): void;
}

interface WatchOptions {
  readonly id: string;
  readonly name: string;
  readonly startedAt: number;
  /** Settings known before the first line: of the command line and of configuration files named there. */
  readonly config: FlatConfig;
  readonly sink: Sink | undefined;
  readonly now: () => number;
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
  #rejections = 0;
  readonly #decoder: ConsoleDecoder;
  readonly #console = {};
  readonly #sink: Sink | undefined;
  /** Settings of the command line stand above what is printed: they are what the user wrote. */
  readonly #given: FlatConfig;
  #dialect: string | null = null;
  /** Whether the log holds an exception that nobody caught. */
  sawException = false;

  constructor({ id, name, startedAt, config, sink, now }: WatchOptions) {
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
    for (const follower of discovery.followers)
      for (const decoded of await follower.poll(isLast)) this.#take(undefined, follower, decoded);
  }

  /** System metrics and the like: no second source can hold them. */
  extra(series: readonly SeriesPoints[]): void {
    this.#sink?.add(series, []);
  }

  end(exitStatus: number, endedAt: number): "finished" | "failed" | "crashed" {
    this.#take("console", this.#console, this.#decoder.end());
    const status = exitStatus === 0 ? "finished" : exitStatus > 128 || this.sawException ? "crashed" : "failed";
    this.data.setInfo({ status, endedAt, exitStatus });
    return status;
  }

  /** `source` undefined: a file, whose reader keeps its own refusals. */
  #take(source: string | undefined, owner: object, decoded: Decoded): void {
    const series = this.owners.take(owner, decoded.series);
    const { records, config, dialect } = decoded;
    if (records.some(({ exception }) => exception !== null)) this.sawException = true;
    this.#sink?.add(series, records);
    this.data.append({
      series: this.#sink === undefined ? series : series.filter(({ name, labels }) => isAnalysed(name, labels)),
      records,
    });
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
