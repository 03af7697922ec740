import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { AppError } from "../../base/errors.ts";
import type { Invocation, Terminal } from "../command.ts";
import { Connection } from "../client/connection.ts";
import { findServer } from "../client/locate.ts";
import { runPage } from "../diagnose/stored-run.ts";
import { storeRun } from "../import/store-run.ts";
import { dataDirectory, parseOptions } from "../options.ts";
import { inPackage } from "../package-root.ts";
import { readRun } from "../read/read-run.ts";
import { readRecording, type Recording } from "../read/recording.ts";
import { openBrowser } from "../serve/browser.ts";
import { startOn } from "../serve/serve.ts";
import { findingLines, remainder, verdictLine } from "../terminal/report-text.ts";
import { count, plain } from "../terminal/text.ts";
import { replay } from "./replay.ts";

const Options = z.object({
  story: z.string().optional(),
  speed: z.coerce.number("must be a number").positive().max(10_000).optional(),
  open: z.boolean().default(true),
  once: z.boolean().default(false),
  port: z.coerce.number("must be a number from 0 to 65535").int().min(0).max(65_535).optional(),
  dir: z.string().optional(),
  json: z.boolean().default(false),
});

interface Story {
  readonly directory: string;
  readonly recording: Recording;
  readonly isHealthy: boolean;
}

/** A replay lasts about this long unless a speed is given. */
const replaySeconds = 15;
const favourite = "lr-too-high";

/** `llmdbg demo`: recorded runs in the browser, one faulty run replayed live, and how to go on from there. */
export async function demo({ options: given, env, terminal }: Invocation): Promise<number> {
  const options = parseOptions(Options, given);
  const stories = findStories();
  const story = choose(stories, options.story);
  const directory =
    options.dir === undefined ? join(dataDirectory(undefined, env), "demo") : dataDirectory(options.dir, env);
  const say = options.json ? terminal.err : terminal.out;
  const { bold, dim } = terminal.outStyle.colours;
  // A server that is named elsewhere is no place for a demonstration.
  const running = await findServer(directory, {});
  const server =
    running === undefined ? await startOn({ directory, host: "127.0.0.1", port: options.port }) : undefined;
  const url = server?.url ?? running?.url ?? "";
  const connection = running ?? new Connection(url);
  const abort = new AbortController();
  const stop = new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const)
      process.once(signal, () => {
        abort.abort();
        resolve();
      });
  });
  try {
    say(`${bold("llmdbg demo")}  ${url}\n`);
    for (const { directory: path } of stories) {
      if (abort.signal.aborted) break;
      const input = { path, name: readRecording(path)?.name ?? path, kind: "recording", files: [path] } as const;
      await storeRun(connection, await readRun(input), input, { tag: [] });
    }
    const healthy = stories.filter(({ isHealthy }) => isHealthy).length;
    say(`${count(stories.length, "recorded run")} of examples/translate, ${healthy} of them healthy.\n`);
    const speed = options.speed ?? Math.max(1, durationOf(story.recording) / 1000 / replaySeconds);
    say(
      `Now one with a fault, as \`llmdbg run\` shows it: ${bold(plain(story.recording.name))}. ${dim(`This is a recording, ${Number(speed.toPrecision(2))} times as fast as it happened.`)}\n\n`,
    );
    if (options.open && terminal.outStyle.interactive && env["CI"] === undefined) await openBrowser(url);
    const { id, report } = await replay(
      {
        directory: story.directory,
        recording: story.recording,
        speed,
        connection,
        dataDirectory: directory,
        signal: abort.signal,
      },
      terminal,
      options.json,
    );
    if (options.json)
      terminal.out(`${JSON.stringify({ schema: "llmdbg.demo/1", url, run: id, report }, undefined, 2)}\n`);
    else {
      const lines = [
        verdictLine(report, terminal.outStyle),
        ...findingLines(report, terminal.outStyle).map((line) => `  ${line}`),
      ];
      terminal.out(`\n${[...lines, ...remainder(report, terminal.outStyle)].join("\n")}\n\n`);
      terminal.out(closing(runPage({ url }, id), terminal));
    }
    if (terminal.outStyle.interactive && !options.once && !options.json && !abort.signal.aborted) {
      terminal.out(`\nServing ${url} until Ctrl-C.\n`);
      await stop;
    }
  } finally {
    connection.close();
    await server?.close();
  }
  return 0;
}

const closing = (page: string, terminal: Terminal): string => {
  const { bold, dim } = terminal.outStyle.colours;
  return [
    `${dim("This run   ")}  ${page}`,
    `${dim("Your own   ")}  ${bold("llmdbg run -- python train.py")}`,
    `${dim("A past one ")}  ${bold("llmdbg diagnose path/to/trainer_state.json")}`,
    "",
  ].join("\n");
};

function findStories(): Story[] {
  const root = inPackage("fixtures");
  let names: string[] = [];
  try {
    names = readdirSync(root).sort();
  } catch {
    // Said below, as for a directory without recordings.
  }
  const stories = names.flatMap((name) => {
    const directory = join(root, name);
    const recording = readRecording(directory);
    return recording === undefined ? [] : [{ directory, recording, isHealthy: isHealthy(directory) }];
  });
  if (stories.length === 0)
    throw new AppError(
      "not-found",
      `There are no recordings in ${root}. Reinstall llmdbg, or watch a run of yours: llmdbg run -- python train.py`,
    );
  return stories;
}

function isHealthy(directory: string): boolean {
  try {
    const expected: unknown = JSON.parse(readFileSync(join(directory, "expected.json"), "utf8"));
    return typeof expected === "object" && expected !== null && "healthy" in expected && expected.healthy === true;
  } catch {
    return false;
  }
}

function choose(stories: readonly Story[], wanted: string | undefined): Story {
  const matches = ({ recording }: Story): boolean => recording.story === wanted || recording.name === wanted;
  const chosen =
    wanted === undefined
      ? (stories.find(({ recording }) => recording.story === favourite) ??
        stories.find((story) => !story.isHealthy) ??
        stories[0])
      : stories.find(matches);
  if (chosen !== undefined) return chosen;
  const names = [...new Set(stories.map(({ recording }) => recording.story ?? recording.name))];
  throw new AppError("bad-request", `There is no story ${wanted ?? ""}. Choose one of: ${names.join(", ")}.`);
}

const durationOf = ({ startedAt, endedAt }: Recording): number => (endedAt === null ? 60_000 : endedAt - startedAt);
