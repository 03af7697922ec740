import { randomBytes } from "node:crypto";
import { homedir } from "node:os";
import { join } from "node:path";
import { unwatch, watch, type Ending } from "./at-exit.ts";
import { environment } from "./environment.ts";
import { guarded, sayOnce } from "./say.ts";
import { Sender } from "./sender.ts";
import { Server } from "./server.ts";
import { Spool } from "./spool.ts";
import { collectNumbers, flatConfig, wholeStep } from "./values.ts";

export interface InitOptions {
  readonly project?: string | undefined;
  readonly name?: string | undefined;
  /** Nested objects become dotted keys. */
  readonly config?: object | undefined;
  readonly tags?: readonly string[] | undefined;
  /** Data directory; default: `LLMDBG_DIR`, then `~/.llmdbg`. */
  readonly dir?: string | undefined;
  /** Server; default: `LLMDBG_URL`, then the one that runs on the data directory. */
  readonly url?: string | undefined;
  readonly token?: string | undefined;
}

export type Status = "finished" | "failed" | "crashed";
export type Level = "debug" | "info" | "warning" | "error" | "critical";

export interface LogRecord {
  readonly message: string;
  /** Default: `error` with an error, else `info`. */
  readonly level?: Level | undefined;
  readonly logger?: string | undefined;
  /** Its stack becomes the record's exception. */
  readonly error?: unknown;
  readonly step?: number | undefined;
}

const maxMessage = 65_536;
const maxException = 262_144;

const given = (name: string): string | undefined => process.env[name] || undefined;

/** One execution being watched. Nothing here throws; only `finish` and `flush` wait, for a bounded time. */
export class Run {
  readonly id: string;
  readonly #joined: boolean;
  #sender: Sender | undefined;
  #step: number | undefined;
  readonly #ending: Ending;

  constructor(options: InitOptions = {}) {
    const outer = given("LLMDBG_RUN_ID");
    this.#joined = outer !== undefined && /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/.test(outer);
    this.id = this.#joined && outer !== undefined ? outer : newId();
    this.#ending = {
      finish: () => this.finish(),
      abandon: (status, error) => guarded("exit", () => this.#abandon(status, error), undefined),
    };
    this.#sender = guarded("init", () => this.#open(options), undefined);
    if (this.#sender !== undefined) watch(this.#ending);
  }

  #open(options: InitOptions): Sender {
    const ignored: string[] = [];
    const config = flatConfig(options.config ?? {}, ignored);
    const outer = given("LLMDBG_PROJECT");
    const tags = (options.tags ?? []).slice(0, 256).map((tag) => String(tag).slice(0, 256));
    const body = {
      id: this.id,
      project: String((this.#joined ? outer : undefined) ?? options.project ?? outer ?? "default").slice(0, 256),
      ...(options.name === undefined ? {} : { name: String(options.name).slice(0, 512) }),
      kind: "train",
      // A joined run is of `llmdbg run`, also when this process is the first that the server hears of it from.
      source: this.#joined ? "run" : "sdk-js",
      config,
      tags,
      createdAt: Date.now(),
    };
    const directory = options.dir ?? given("LLMDBG_DIR") ?? join(homedir(), ".llmdbg");
    const rank = given("RANK");
    const sender = new Sender({
      run: this.id,
      server: new Server({
        directory,
        url: options.url ?? given("LLMDBG_URL"),
        token: options.token ?? given("LLMDBG_TOKEN"),
      }),
      spool: new Spool(directory, this.id),
      opening: () => ({ ...body, environment: environment() }),
      opens: !this.#joined,
      // All ranks of a joined run write to it: rank 0 keeps the plain names, the others get a label.
      labels: this.#joined && rank !== undefined && /^[1-9]\d*$/.test(rank) ? { rank } : undefined,
    });
    if (this.#joined) {
      const details = {
        ...(Object.keys(config).length > 0 ? { config } : {}),
        ...(tags.length > 0 ? { tags } : {}),
        ...(options.name === undefined ? {} : { name: body.name }),
      };
      if (Object.keys(details).length > 0) sender.putChange(details);
    }
    reportIgnored(ignored);
    return sender;
  }

  /** Notes metrics of one step; without `step`, of the step after the last one. */
  log(metrics: object, step?: number): void {
    guarded("log", () => this.#log(metrics, step), undefined);
  }

  #log(metrics: object, step: number | undefined): void {
    if (this.#sender === undefined) return;
    const values = new Map<string, number>();
    const ignored: string[] = [];
    collectNumbers(metrics, values, ignored);
    if (step !== undefined && wholeStep(step) === undefined)
      sayOnce("step", `${String(step)} is no step (an integer is); counting on instead`);
    this.#step = wholeStep(step) ?? (this.#step === undefined ? 0 : this.#step + 1);
    if (values.size > 0) this.#sender.putPoints(this.#step, Date.now(), values);
    reportIgnored(ignored);
  }

  /** Adds to the run's configuration. */
  config(values: object): void {
    guarded(
      "config",
      () => {
        const ignored: string[] = [];
        const config = flatConfig(values, ignored);
        if (Object.keys(config).length > 0) this.#sender?.putChange({ config });
        reportIgnored(ignored);
      },
      undefined,
    );
  }

  /** Adds a line to the run's log. */
  logRecord(record: LogRecord): void {
    guarded(
      "logRecord",
      () =>
        this.#sender?.putRecord({
          time: Date.now(),
          level: record.level ?? (record.error === undefined ? "info" : "error"),
          logger: record.logger?.slice(0, 512) ?? null,
          message: String(record.message).slice(0, maxMessage),
          exception: record.error === undefined ? null : stackOf(record.error).slice(0, maxException),
          step: wholeStep(record.step) ?? this.#step ?? null,
        }),
      undefined,
    );
  }

  /** Waits until everything is delivered or on disk, at most `timeoutMs`. */
  async flush(timeoutMs = 10_000): Promise<void> {
    await this.#sender?.flush(timeoutMs);
  }

  /** Ends the run and waits up to `timeoutMs` for delivery; what is left waits on disk. */
  async finish(status: Status = "finished", timeoutMs = 10_000): Promise<void> {
    const sender = this.#end(status);
    if (sender === undefined) return;
    try {
      await sender.flush(timeoutMs);
      sender.close();
    } catch (thrown) {
      sayOnce("finish", `the end of run ${this.id} could not be delivered: ${String(thrown)}`);
    }
    unwatch(this.#ending);
  }

  /** The last entries of the run. The sender stays with `exit` until it is closed. */
  #end(status: Status): Sender | undefined {
    const sender = this.#sender;
    if (sender === undefined) return undefined;
    this.#sender = undefined;
    this.#closing = sender;
    sender.putDropNotice();
    // A joined run is ended by `llmdbg run`, which knows the exit status.
    if (!this.#joined) sender.putChange({ status, endedAt: Date.now() });
    return sender;
  }

  /** Ended, and perhaps still sending when the program exits. */
  #closing: Sender | undefined;

  #abandon(status: Status, error: unknown): void {
    // `llmdbg run` reads the same stack from the console.
    if (error !== undefined && !this.#joined) this.logRecord({ level: "critical", message: messageOf(error), error });
    this.#end(status);
    this.#closing?.close();
    unwatch(this.#ending);
  }
}

const newId = (): string =>
  `${new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "-")}-${randomBytes(3).toString("hex")}`;

const messageOf = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error);

const stackOf = (error: unknown): string => (error instanceof Error ? (error.stack ?? String(error)) : String(error));

function reportIgnored(ignored: readonly string[]): void {
  if (ignored.length === 0) return;
  sayOnce("ignored", `not a number, or a name over 512 characters: ${ignored.slice(0, 5).join(", ")}`);
}
