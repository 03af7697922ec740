import { open, readdir, stat } from "node:fs/promises";
import { basename, join, relative, resolve } from "node:path";
import type { FlatConfig } from "../../model/config.ts";
import { sniffFormat, type Format } from "../../ingest/index.ts";
import { ignoredDirectories } from "../read/find-inputs.ts";
import type { OutputDirectories } from "./config-files.ts";
import { Follower } from "./follower.ts";

const maxDepth = 6;
/** Entries looked at in one search; a data set of a million files must not keep us busy. */
const maxEntries = 20_000;
const headBytes = 64 * 1024;
const metricName = /\.(json|jsonl|ndjson|csv|tsv)$/i;
/** Console text is what the command prints anyway; its log file would say everything twice. */
const skippedFormats: ReadonlySet<string> = new Set(["console", "timed-console"]);
const mostFiles = 64;
/** File systems round times, and clocks of network file systems differ a little. */
const clockSlackMs = 2000;

interface Candidate {
  readonly size: number;
  readonly stamp: string;
  readonly changedAt: number;
}

/** A file that looks like metrics, and is not this run's. */
interface LeftOut {
  readonly path: string;
  readonly reason: string;
}

/**
 * Finds the files that a trainer writes while its command runs: those that appear or change under the output
 * directory named in the command, or else under the working directory, and whose content looks like metrics.
 */
export class Discovery {
  followers: readonly Follower[] = [];
  readonly #roots: readonly string[];
  readonly #config: FlatConfig;
  /** Size and time of every candidate when last looked at, so that an unchanged file is looked at once. */
  readonly #looked = new Map<string, { readonly size: number; readonly stamp: string; readonly atStart: boolean }>();
  readonly #followed = new Set<string>();
  #pauseUntil = 0;

  /** Files of other runs, with how that was told. */
  readonly leftOut: LeftOut[] = [];
  readonly #startedAt: number;

  constructor(output: OutputDirectories, config: FlatConfig, startedAt: number) {
    const here = resolve(".");
    const named = output.paths.map((path) => resolve(path));
    const roots = output.isWhole ? named : [here, ...named];
    const isInside = (path: string, root: string): boolean => path !== root && !relative(root, path).startsWith("..");
    this.#roots = roots.filter((root, i) => roots.indexOf(root) === i && !roots.some((other) => isInside(root, other)));
    this.#config = config;
    this.#startedAt = startedAt;
  }

  /** The file is another run's and is not looked at again. */
  leaveOut(follower: Follower, reason: string): void {
    this.followers = this.followers.filter((each) => each !== follower);
    this.leftOut.push({ path: follower.path, reason });
  }

  /** Notes what is there before the command has written anything. */
  async begin(): Promise<void> {
    for (const [path, { size, stamp }] of await this.#search()) this.#looked.set(path, { size, stamp, atStart: true });
  }

  /** Looks for files that are new or changed, and rests in proportion to how long that takes. */
  async look(isLast = false): Promise<void> {
    const startedAt = Date.now();
    if (startedAt < this.#pauseUntil && !isLast) return;
    for (const [path, { size, stamp, changedAt }] of await this.#search()) {
      const before = this.#looked.get(path);
      if (before?.stamp === stamp || this.#followed.has(path) || size === 0 || this.followers.length >= mostFiles)
        continue;
      this.#looked.set(path, {
        size: before?.atStart === true ? before.size : 0,
        stamp,
        atStart: before?.atStart === true,
      });
      const format = await sniff(path);
      if (format === undefined || skippedFormats.has(format.id)) continue;
      this.#followed.add(path);
      if (changedAt < this.#startedAt - clockSlackMs) {
        this.leftOut.push({ path, reason: "written before the command started" });
        continue;
      }
      const skipped = before?.atStart === true ? before.size : 0;
      this.followers = [...this.followers, new Follower(path, format, skipped, this.#config)];
    }
    this.#pauseUntil = Date.now() + Math.max(1500, 50 * (Date.now() - startedAt));
  }

  async #search(): Promise<Map<string, Candidate>> {
    const found = new Map<string, Candidate>();
    const queue = this.#roots.toReversed().map((directory) => ({ directory, depth: 0 }));
    let left = maxEntries;
    for (let next = queue.shift(); next !== undefined && left > 0; next = queue.shift()) {
      const entries = await readdir(next.directory, { withFileTypes: true }).catch(() => []);
      left -= entries.length;
      for (const entry of entries) {
        const path = join(next.directory, entry.name);
        if (entry.isDirectory()) {
          if (next.depth < maxDepth && !ignoredDirectories.has(entry.name))
            queue.push({ directory: path, depth: next.depth + 1 });
        } else if (entry.isFile() && metricName.test(entry.name)) {
          const info = await stat(path).catch(() => undefined);
          if (info !== undefined)
            found.set(path, {
              size: info.size,
              stamp: `${info.ino} ${info.size} ${info.mtimeMs}`,
              changedAt: info.mtimeMs,
            });
        }
      }
    }
    return found;
  }
}

async function sniff(path: string): Promise<Format | undefined> {
  const file = await open(path, "r").catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const head = Buffer.alloc(headBytes);
    const { bytesRead } = await file.read(head, 0, head.length, 0);
    return sniffFormat(head.subarray(0, bytesRead), basename(path));
  } finally {
    await file.close();
  }
}
