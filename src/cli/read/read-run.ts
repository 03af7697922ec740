import { existsSync } from "node:fs";
import { join } from "node:path";
import { AppError, messageOf } from "../../base/errors.ts";
import { formats } from "../../ingest/index.ts";
import { flatten, type FlatConfig } from "../../model/config.ts";
import type { LogRecord } from "../../model/record.ts";
import type { SeriesPoints } from "../../model/series.ts";
import { RunData } from "../../analysis/index.ts";
import { decodeFile, type FileContent } from "./decode-file.ts";
import { withEarlierSegments } from "./earlier-segments.ts";
import type { RunInput } from "./find-inputs.ts";
import { Owners } from "./owners.ts";
import { readRecording, statusOf, type Recording } from "./recording.ts";

/** One run as its files tell it. */
export interface ReadRun {
  readonly name: string;
  readonly path: string;
  readonly recording: Recording | undefined;
  readonly dialect: string | null;
  readonly config: FlatConfig;
  readonly series: readonly SeriesPoints[];
  readonly records: readonly LogRecord[];
  readonly files: readonly FileContent[];
  /** Files that could not be read at all, with the reason. */
  readonly unreadable: readonly { readonly path: string; readonly reason: string }[];
  /** Points that a second file held again. */
  readonly duplicates: number;
  /** Points of a second file behind the last step of the first one's. */
  readonly late: number;
}

type OnProgress = (read: number, total: number) => void;

/** Reads all files of one run. Throws `unreadable-input` when none of them can be read. */
export async function readRun(input: RunInput, onProgress?: OnProgress): Promise<ReadRun> {
  const recording = input.kind === "recording" ? readRecording(input.path) : undefined;
  const paths = input.kind === "recording" ? recordingFiles(input.path) : input.files;
  const files: FileContent[] = [];
  const unreadable: { path: string; reason: string }[] = [];
  let failure: unknown;
  for (const path of paths) {
    try {
      files.push(await decodeFile(path, decodeOptions(path, input, recording, onProgress)));
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown;
      failure ??= thrown;
      unreadable.push({ path, reason: messageOf(thrown) });
    }
  }
  if (files.length === 0 && recording === undefined)
    throw failure ?? new AppError("unreadable-input", `Nothing to read in ${input.path}.`);
  const config: FlatConfig = flatten({});
  for (const file of files) for (const [key, value] of Object.entries(file.config)) config[key] = value;
  for (const [key, value] of Object.entries(recording?.config ?? {})) config[key] = value;
  const owners = new Owners();
  const series = [...sources(input, files).flatMap((source) => owners.take(source, source)), ...owners.end()];
  return {
    name: recording?.name ?? input.name,
    path: input.path,
    recording,
    dialect: files.find((file) => file.dialect !== undefined)?.dialect ?? null,
    config,
    series,
    records: files.flatMap((file) => file.records),
    files,
    unreadable,
    duplicates: [...owners.dropped.values()].reduce((sum, n) => sum + n, 0),
    late: [...owners.late.values()].reduce((sum, n) => sum + n, 0),
  };
}

/** A recording holds its console, and sometimes what the trainer wrote itself or `llmdbg.watch` saw. */
const recordingFiles = (directory: string): string[] =>
  ["console.jsonl", "trainer_state.json", "points.json", "points.json.gz"]
    .map((name) => join(directory, name))
    .filter((path) => existsSync(path));

function decodeOptions(
  path: string,
  input: RunInput,
  recording: Recording | undefined,
  onProgress: OnProgress | undefined,
): Parameters<typeof decodeFile>[1] {
  const timed =
    input.kind === "recording" && path.endsWith("console.jsonl")
      ? formats.find((format) => format.id === "timed-console")
      : undefined;
  return {
    startedAt: recording?.startedAt,
    ...(timed === undefined ? {} : { format: timed }),
    ...(onProgress === undefined ? {} : { onProgress }),
  };
}

/** The checkpoints of one trainer are one source; every other file is its own. */
function sources(input: RunInput, files: readonly FileContent[]): (readonly SeriesPoints[])[] {
  if (input.kind !== "checkpoints") return files.map((file) => file.series);
  const states = files.filter((file) => file.path.endsWith("trainer_state.json"));
  const others = files.filter((file) => !file.path.endsWith("trainer_state.json"));
  return [withEarlierSegments(states.map((file) => file.series)), ...others.map((file) => file.series)];
}

/** The run as the engine takes it. */
export function toRunData(run: ReadRun): RunData {
  const { recording } = run;
  const data = new RunData({
    id: null,
    name: run.name,
    kind: "train",
    source: run.files
      .map((file) => file.format.id)
      .filter((id, i, all) => all.indexOf(id) === i)
      .join("+"),
    dialect: run.dialect,
    status: recording === undefined ? "finished" : statusOf(recording.exitStatus),
    startedAt: recording?.startedAt ?? null,
    endedAt: recording?.endedAt ?? null,
    exitStatus: recording?.exitStatus ?? null,
  });
  data.setConfig(run.config);
  data.append(run);
  return data;
}
