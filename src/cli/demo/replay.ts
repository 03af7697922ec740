import { randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { AppError } from "../../base/errors.ts";
import type { Report } from "../../model/report.ts";
import type { Connection } from "../client/connection.ts";
import { followRun } from "../client/events.ts";
import { Outbox } from "../client/outbox.ts";
import { Spool } from "../client/spool.ts";
import { localCurve } from "../diagnose/local-diagnosis.ts";
import { runPage, storedReport } from "../diagnose/stored-run.ts";
import { statusOf, type Recording } from "../read/recording.ts";
import { Announcer } from "../run/announcer.ts";
import { Screen } from "../run/screen.ts";
import { Watch } from "../run/watch.ts";
import type { Terminal } from "../command.ts";

const Entry = z.object({ t: z.number(), stream: z.enum(["out", "err"]), text: z.string() });

/** Longest pause of a replay: time in which nothing was printed tells nothing. */
const longestPauseMs = 1000;

interface Replay {
  readonly directory: string;
  readonly recording: Recording;
  readonly speed: number;
  readonly connection: Connection;
  readonly dataDirectory: string;
  readonly signal: AbortSignal;
}

export interface Replayed {
  readonly id: string;
  readonly report: Report;
}

/** Plays a recorded console through the same path as `llmdbg run`, at another speed; the run's times are those of the replay. */
export async function replay(
  { directory, recording, speed, connection, dataDirectory, signal }: Replay,
  terminal: Terminal,
  json: boolean,
): Promise<Replayed> {
  const id = `replay-${(recording.story ?? "run").replaceAll(/[^A-Za-z0-9_.-]+/g, "-")}-${randomBytes(3).toString("hex")}`;
  const startedAt = Date.now();
  const outbox = new Outbox(id, new Spool(dataDirectory, id), async () => Promise.resolve(connection));
  const name = `${recording.name} (replay)`;
  const watch = new Watch({ id, name, startedAt, config: recording.config, sink: outbox, now: () => Date.now() });
  outbox.startRun({
    project: recording.project,
    name,
    source: "recording",
    config: recording.config,
    tags: ["recording"],
    environment: { command: recording.command },
    createdAt: startedAt,
  });
  const print = json ? terminal.err : terminal.out;
  const style = json ? terminal.errStyle : terminal.outStyle;
  const screen = new Screen(
    (text) => print(text.toString()),
    style.interactive ? () => process.stdout.columns || 80 : undefined,
  );
  const announcer = new Announcer(
    style,
    (block) => screen.print(block),
    (finding) => localCurve(watch.data, finding),
    runPage(connection, id),
  );
  const abort = new AbortController();
  const following = followRun(connection, id, abort.signal, (event) => {
    if (event.kind === "report") announcer.see(event.report);
  });
  let at = 0;
  for await (const line of createInterface({
    input: createReadStream(join(directory, "console.jsonl")),
    crlfDelay: Number.POSITIVE_INFINITY,
  })) {
    if (signal.aborted) break;
    const entry = Entry.parse(JSON.parse(line));
    const pause = Math.min(longestPauseMs, (entry.t - at) / speed);
    at = entry.t;
    if (pause > 2) await sleep(pause, undefined, { signal }).catch(() => {});
    const bytes = Buffer.from(entry.text);
    print(entry.text);
    screen.saw(bytes);
    watch.console(entry.stream, bytes);
  }
  const endedAt = Date.now();
  watch.end(recording.exitStatus ?? 137, endedAt);
  outbox.changeRun({ status: statusOf(recording.exitStatus), endedAt, exitStatus: recording.exitStatus });
  // `close` ends the connection that it got, which here is the caller's: kept connections open anew.
  const waiting = await outbox.close(10_000);
  if (waiting > 0)
    throw new AppError("server-unreachable", `The server did not take the replay: ${outbox.trouble ?? "no answer"}.`);
  const report = await storedReport(connection, id);
  announcer.see(report);
  screen.end();
  abort.abort();
  await following;
  return { id, report };
}
