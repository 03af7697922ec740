import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { AppError } from "../../base/errors.ts";
import { readRecording } from "./recording.ts";

/** Files that together are one run. `path` names it to people and, resolved, is its identity. */
export interface RunInput {
  readonly path: string;
  readonly name: string;
  readonly kind: "recording" | "checkpoints" | "file";
  /** Of `checkpoints`: oldest first, then other files of that trainer. */
  readonly files: readonly string[];
}

/** Directories that never hold a run's own files. */
export const ignoredDirectories: ReadonlySet<string> = new Set([
  "node_modules",
  ".git",
  ".hg",
  ".venv",
  "venv",
  "site-packages",
  "__pycache__",
  ".cache",
  ".mypy_cache",
  ".pytest_cache",
  ".ruff_cache",
  ".tox",
]);

const maxDepth = 8;
const maxEntries = 100_000;

/** The runs under a path that a person gave. Throws when there is nothing there. */
export async function findInputs(path: string): Promise<RunInput[]> {
  const info = await stat(path).catch((cause: unknown) => {
    throw new AppError(
      "unreadable-input",
      `${path} does not exist. Give a file, a directory or the id of a stored run.`,
      { cause },
    );
  });
  if (!info.isDirectory()) return [fileInput(path)];
  const found = await search(path);
  if (found.length === 0)
    throw new AppError(
      "unreadable-input",
      `Nothing to read in ${path}: no trainer_state.json, points.json, JSONL, CSV, log or recording. Give the trainer's output directory.`,
    );
  return found;
}

const fileInput = (path: string): RunInput => ({ path, name: nameOf(path), kind: "file", files: [path] });

/** "checkpoint-500/trainer_state.json" says less than the directory of the run around it. */
function nameOf(path: string): string {
  const generic =
    /^((trainer_state\.json|points\.json|trainer_log\.jsonl|logging\.jsonl|metrics\.(csv|jsonl)|console\.jsonl|log\.jsonl?)(\.gz)?|version_\d+|checkpoint-\d+|lightning_logs)$/;
  let at = resolve(path);
  while (generic.test(basename(at)) && dirname(at) !== at) at = dirname(at);
  return basename(at) || basename(path);
}

async function search(root: string): Promise<RunInput[]> {
  const inputs: RunInput[] = [];
  const trainers = new Map<string, string[]>();
  const queue = [{ directory: root, depth: 0 }];
  let entriesLeft = maxEntries;
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const { directory, depth } = next;
    if (readRecording(directory) !== undefined) {
      inputs.push({ path: directory, name: basename(resolve(directory)), kind: "recording", files: [directory] });
      continue;
    }
    const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
    entries.sort((a, b) => a.name.localeCompare(b.name));
    entriesLeft -= entries.length;
    if (entriesLeft < 0) break;
    for (const entry of entries) {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) {
        if (depth < maxDepth && !ignoredDirectories.has(entry.name)) queue.push({ directory: path, depth: depth + 1 });
      } else if (entry.name === "trainer_state.json") {
        const trainer = basename(directory).startsWith("checkpoint-") ? dirname(directory) : directory;
        trainers.set(trainer, [...(trainers.get(trainer) ?? []), path]);
      } else if (isMetricFile(entry.name)) inputs.push(fileInput(path));
    }
  }
  for (const [trainer, states] of trainers) {
    // Only what a trainer itself writes beside its state; any other file there may be of another run.
    const beside = inputs.filter(
      (input) => dirname(input.path) === trainer && /^(trainer_log|logging)\.jsonl$/.test(basename(input.path)),
    );
    for (const input of beside) inputs.splice(inputs.indexOf(input), 1);
    const files = [...(await byAge(states)), ...beside.map((input) => input.path)];
    inputs.push({ path: trainer, name: nameOf(trainer), kind: "checkpoints", files });
  }
  return inputs;
}

/** In a directory only names that runs use; a file that is named outright is read whatever its name. */
const isMetricFile = (name: string): boolean =>
  /\.(jsonl|ndjson|csv|log)(\.gz)?$/i.test(name) ||
  /^points\.json(\.gz)?$/.test(name) ||
  /^(train|training|console|output|stdout|stderr|nohup|slurm-.*)[^.]*\.(txt|out|err)(\.gz)?$/i.test(name);

async function byAge(paths: readonly string[]): Promise<string[]> {
  const aged = await Promise.all(
    paths.map(async (path) => ({ path, time: (await stat(path)).mtimeMs, number: checkpointOf(path) })),
  );
  return aged.sort((a, b) => a.time - b.time || a.number - b.number).map(({ path }) => path);
}

/** Copied directories lose their times; then the checkpoint's number decides. */
const checkpointOf = (path: string): number => Number(/checkpoint-(\d+)/.exec(path)?.[1] ?? Number.MAX_SAFE_INTEGER);
