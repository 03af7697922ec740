import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { ensureBuilt, root } from "./built.ts";

export const bin = join(root, "bin/llmdbg.js");

export interface Result {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Options {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** A directory of its own for each test file: data, scratch files; servers that it started are stopped. */
export function workplace(): { readonly dir: string; readonly data: string } {
  const dir = mkdtempSync(join(tmpdir(), "llmdbg-test-"));
  const data = join(dir, "data");
  beforeAll(() => ensureBuilt());
  afterAll(async () => {
    await llmdbg(["serve", "--stop", "--dir", data]);
    rmSync(dir, { recursive: true, force: true });
  });
  return { dir, data };
}

/** What a plain, colourless terminal session of a user looks like. */
export function environment(
  more: Readonly<Record<string, string | undefined>> = {},
): Record<string, string | undefined> {
  const {
    LLMDBG_URL: _url,
    LLMDBG_TOKEN: _token,
    LLMDBG_DIR: _dir,
    LLMDBG_RUN_ID: _run,
    LLMDBG_PROJECT: _project,
    FORCE_COLOR: _colour,
    ...rest
  } = process.env;
  return { ...rest, NO_COLOR: "1", LC_ALL: "C.UTF-8", ...more };
}

export function start(args: readonly string[], options: Options = {}): { child: ChildProcess; ended: Promise<Result> } {
  const child = spawn(process.execPath, [bin, ...args], {
    cwd: options.cwd ?? root,
    env: environment(options.env),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on("data", (piece: Buffer) => out.push(piece));
  child.stderr.on("data", (piece: Buffer) => err.push(piece));
  const ended = new Promise<Result>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status) =>
      resolve({ status, stdout: Buffer.concat(out).toString("utf8"), stderr: Buffer.concat(err).toString("utf8") }),
    );
  });
  return { child, ended };
}

export const llmdbg = async (args: readonly string[], options: Options = {}): Promise<Result> =>
  start(args, options).ended;
