import { rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { emptyLedger, follow, withResolved } from "../../analysis/index.ts";
import { toJson } from "../../model/number.ts";
import type { Report } from "../../model/report.ts";
import { Connection } from "../client/connection.ts";
import { followRun } from "../client/events.ts";
import { announcedServer } from "../client/announced.ts";
import { answers, findServer, startInBackground, waitForServer } from "../client/locate.ts";
import { Outbox } from "../client/outbox.ts";
import { Spool } from "../client/spool.ts";
import { diagnoser, localCurve } from "../diagnose/local-diagnosis.ts";
import { runPage, storedReport } from "../diagnose/stored-run.ts";
import type { Style } from "../terminal/style.ts";
import { plain } from "../terminal/text.ts";
import { Announcer } from "./announcer.ts";
import type { Ended, Output } from "./child.ts";
import { outputDirectoriesOf, settingsOf } from "./config-files.ts";
import { Discovery } from "./discovery.ts";
import { environmentAtOnce, wholeEnvironment } from "./environment.ts";
import { maskCommand } from "./mask-command.ts";
import { Recorder } from "./recorder.ts";
import type { Address } from "./run.ts";
import { summaryText } from "./summary.ts";
import { sampleSystem } from "./system-metrics.ts";
import { Watch } from "./watch.ts";

interface SessionOptions {
  readonly id: string;
  readonly name: string;
  readonly project: string;
  readonly tags: readonly string[];
  readonly argv: readonly string[];
  readonly pid: number;
  readonly directory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly startedAt: number;
  /** Undefined: no server is wanted. */
  readonly address: Address | undefined;
  readonly style: Style;
  readonly print: (block: string) => void;
}

export interface Session {
  readonly saw: (stream: Output, bytes: Buffer, time: number) => void;
  /** Delivers what is left, prints the summary, and gives it as a JSON document. */
  readonly end: (ended: Ended) => Promise<string>;
}

const filesEveryMs = 500;
const localDiagnosisEveryMs = 1000;
/** How long the end of a run waits for the server to take the rest; what is left is spooled. */
const deliveryLimitMs = 10_000;
const serverStartLimitMs = 20_000;
/** The training gets the machine to itself while it starts. */
const environmentDelayMs = 300;
/** How long the end of a command waits for its environment to be known. */
const environmentLimitMs = 1500;

/** Everything that happens beside the command while it runs. Nothing here may throw into it or wait on it. */
export function startSession(options: SessionOptions): Session {
  const { id, name, project, tags, argv, directory, env, startedAt, address, style, print } = options;
  const dim = (text: string): void => print(`${style.colours.dim(`llmdbg: ${plain(text)}`)}\n`);
  const about = { id, name, project, command: maskCommand(argv), config: {} };
  // Until a server is known to be there, the run is recorded to files as well.
  let recorder =
    address === undefined || address.port !== undefined ? new Recorder(directory, id, startedAt, about) : undefined;
  const outbox = address === undefined ? undefined : new Outbox(id, new Spool(directory, id), locate);
  let clock = startedAt;
  const early: { stream: Output; bytes: Buffer; time: number }[] = [];
  let watch: Watch | undefined;
  let report: Report | undefined;
  const abort = new AbortController();
  /** Where the run is, as far as is known: the server that came up may have had to take another port. */
  let server: { readonly url: string } | undefined = address;
  const announcer = new Announcer(
    style,
    print,
    (finding) => (watch === undefined ? undefined : localCurve(watch.data, finding)),
    pageOf(),
  );

  function pageOf(): string | undefined {
    return server === undefined ? undefined : runPage(server, id);
  }

  async function locate(): Promise<Connection | undefined> {
    if (env["LLMDBG_URL"] !== undefined && env["LLMDBG_URL"] !== "") return findServer(directory, env);
    const announced = announcedServer(directory);
    if (announced === undefined) return undefined;
    const connection = new Connection(announced.url, env["LLMDBG_TOKEN"] ?? announced.token);
    if (await answers(connection)) return connection;
    connection.close();
    return undefined;
  }

  const ready = (async () => {
    const config = await settingsOf(argv);
    watch = new Watch({ id, name, startedAt, config, sink: outbox, now: () => clock, pid: options.pid });
    outbox?.startRun({
      project,
      name,
      source: "run",
      config,
      tags,
      environment: environmentAtOnce(argv),
      createdAt: startedAt,
    });
    for (const { stream, bytes, time } of early) feed(watch, stream, bytes, time);
    const discovery = new Discovery(outputDirectoriesOf(config), config, startedAt);
    await discovery.begin();
    return { watch, discovery };
  })();

  function feed(into: Watch, stream: Output, bytes: Buffer, time: number): void {
    clock = time;
    into.console(stream, bytes);
  }

  async function watchServer(): Promise<void> {
    if (address?.port !== undefined) startInBackground(directory, address.port);
    const connection =
      address?.port === undefined
        ? await locate()
        : await waitForServer(directory, env, serverStartLimitMs, abort.signal);
    if (connection === undefined) throw new Error(`nothing answers at ${address?.url ?? ""}`);
    if (recorder !== undefined) {
      const { directory: recording } = recorder;
      await recorder.end(0, Date.now(), {});
      recorder = undefined;
      rmSync(recording, { recursive: true, force: true });
    }
    server = { url: connection.url };
    if (connection.url !== address?.url) dim(`this run is at ${runPage(connection, id)}`);
    await followRun(connection, id, abort.signal, (event) => {
      if (event.kind !== "report") return;
      report = event.report;
      announcer.see(event.report);
    });
    connection.close();
  }

  const watchingServer =
    outbox === undefined
      ? Promise.resolve()
      : watchServer().catch((thrown: unknown) => {
          if (abort.signal.aborted) return;
          recorder ??= new Recorder(directory, id, startedAt, about);
          dim(
            `no server could start (${thrown instanceof Error ? thrown.message : String(thrown)}). The training goes on; recording to ${recorder.directory}, diagnosing here.`,
          );
        });
  if (outbox !== undefined) {
    outbox.onChange = (trouble) =>
      dim(
        trouble === undefined
          ? "the server is back; everything is delivered."
          : "the server went away. The training goes on; its data wait on disk and are delivered later.",
      );
  }

  let diagnose: (() => Report) | undefined;
  let ledger = emptyLedger;
  let points = -1;
  const diagnoseHere = (isOver: boolean): Report | undefined => {
    if (watch === undefined) return undefined;
    diagnose ??= diagnoser(watch.data);
    watch.data.clock = isOver ? null : Date.now();
    const here = diagnose();
    ledger = follow(ledger, here);
    return withResolved(here, ledger);
  };
  let busy: Promise<void> | undefined;
  const filesTimer = setInterval(() => {
    busy ??= ready
      .then(async ({ watch: into, discovery }) => into.files(discovery, false))
      .catch(() => {
        // A directory that cannot be read now may be readable the next time; the end says what was read.
      })
      .finally(() => {
        busy = undefined;
      });
  }, filesEveryMs).unref();
  let quiet = 0;
  const localTimer = setInterval(() => {
    // The server diagnoses as long as it answers.
    if (watch === undefined || (outbox !== undefined && outbox.trouble === undefined)) return;
    const now = [...watch.data.series].reduce((sum, series) => sum + series.length, watch.data.records.length);
    quiet = now === points ? quiet + 1 : 0;
    points = now;
    if (quiet % 10 !== 0) return;
    const here = diagnoseHere(false);
    if (here !== undefined) announcer.see(here);
  }, localDiagnosisEveryMs).unref();

  let stopSampling = (): void => {};
  void ready.then(({ watch: into }) => {
    stopSampling = sampleSystem(options.pid, startedAt, (series) => into.extra(series));
  });
  const capture = new AbortController();
  const environment = sleep(environmentDelayMs).then(async () => {
    const whole = await wholeEnvironment(argv, env, capture.signal);
    if (capture.signal.aborted) return undefined;
    outbox?.changeRun({ environment: whole });
    return whole;
  });

  const saw: Session["saw"] = (stream, bytes, time) => {
    recorder?.saw(stream, bytes, time);
    if (watch === undefined) early.push({ stream, bytes, time });
    else feed(watch, stream, bytes, time);
  };

  return {
    saw,
    async end(ended) {
      const endedAt = Date.now();
      clearInterval(filesTimer);
      clearInterval(localTimer);
      stopSampling();
      const { watch: into, discovery } = await ready;
      await busy;
      await into.files(discovery, true).catch(() => {});
      const status = into.end(ended.exitCode, endedAt);
      // A command that fails at once still shows where it ran.
      const whole = await Promise.race([environment, sleep(environmentLimitMs, undefined, { ref: false })]);
      capture.abort();
      outbox?.changeRun({ status, endedAt, exitStatus: ended.exitCode });
      const waiting = outbox === undefined ? 0 : await outbox.close(deliveryLimitMs);
      const stored = outbox !== undefined && outbox.trouble === undefined ? await finalReport() : undefined;
      abort.abort();
      await watchingServer;
      const config: Record<string, unknown> = Object.fromEntries(into.data.config);
      await recorder?.end(ended.exitCode, endedAt, { config, ...(whole === undefined ? {} : { environment: whole }) });
      const final = stored ?? diagnoseHere(true) ?? report;
      if (final === undefined) return "{}";
      announcer.see(final);
      const page = outbox !== undefined && outbox.trouble === undefined ? pageOf() : undefined;
      print(
        summaryText(
          { id, report: final, ended, watch: into, discovery, outbox, waiting, recorder, page, spool: directory },
          style,
        ),
      );
      return toJson(
        {
          schema: "llmdbg.run/1",
          id,
          url: page ?? null,
          recording: recorder?.directory ?? null,
          exitStatus: ended.exitCode,
          report: final,
        },
        2,
      );
    },
  };

  async function finalReport(): Promise<Report | undefined> {
    try {
      const connection = await locate();
      if (connection === undefined) return undefined;
      const final = await storedReport(connection, id);
      connection.close();
      return final;
    } catch {
      // The diagnosis of this process stands in for it.
      return undefined;
    }
  }
}
