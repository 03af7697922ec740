import { execFile } from "node:child_process";
import { arch, cpus, hostname, platform, release, totalmem, userInfo } from "node:os";
import type { Environment } from "../../model/run.ts";
import { maskCommand } from "./mask-command.ts";
import { pythonFacts } from "./python.ts";

type Variables = Readonly<Record<string, string | undefined>>;

/** A larger diff is cut: it is there to see what was changed, not to restore it. */
const diffLimit = 256 * 1024;
const limitMs = 10_000;

/** What is known without asking anybody. `pid`: this process, so that the server sees when the watcher is gone. */
export function environmentAtOnce(argv: readonly string[]): Environment {
  return {
    command: maskCommand(argv).map((word) => word.slice(0, 4096)),
    cwd: process.cwd(),
    pid: process.pid,
    host: hostname(),
    user: userName(),
    platform: `${platform()} ${release()} ${arch()}`,
    cpus: cpus().length,
    memoryBytes: totalmem(),
  };
}

/** The same with git, Python and GPUs, each within a time limit and left out when it cannot be had. */
export async function wholeEnvironment(
  argv: readonly string[],
  env: Variables,
  signal: AbortSignal,
): Promise<Environment> {
  const [commit, branch, status, diff, python, gpus] = await Promise.all([
    git(signal, "rev-parse", "HEAD"),
    git(signal, "rev-parse", "--abbrev-ref", "HEAD"),
    git(signal, "status", "--porcelain", "--untracked-files=no"),
    git(signal, "diff", "HEAD", "--no-color", "--no-ext-diff"),
    pythonFacts(argv, env, signal),
    gpuNames(signal),
  ]);
  return {
    ...environmentAtOnce(argv),
    ...(commit === undefined ? {} : { gitCommit: commit.trim() }),
    ...(branch === undefined ? {} : { gitBranch: branch.trim() }),
    ...(status === undefined ? {} : { gitDirty: status.trim() !== "" }),
    ...(diff === undefined || diff === ""
      ? {}
      : { gitDiff: diff.length > diffLimit ? `${diff.slice(0, diffLimit)}\n(cut)` : diff }),
    ...(python === undefined ? {} : { python: `${python.version} (${python.executable})`, packages: python.packages }),
    ...(gpus === undefined ? {} : { gpus }),
  };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container's user id without an entry in the password file.
    return String(process.getuid?.() ?? "unknown");
  }
}

/** Undefined when this is no git repository or git is not there. Fetches nothing and takes no locks. */
async function git(signal: AbortSignal, ...args: string[]): Promise<string | undefined> {
  const options = {
    signal,
    timeout: limitMs,
    maxBuffer: 8 * 1024 * 1024,
    env: { ...process.env, GIT_OPTIONAL_LOCKS: "0" },
  };
  return new Promise((settle) => {
    execFile("git", args, options, (error, stdout) => settle(error === null ? stdout : undefined));
  });
}

async function gpuNames(signal: AbortSignal): Promise<string[] | undefined> {
  return new Promise((settle) => {
    execFile(
      "nvidia-smi",
      ["--query-gpu=name", "--format=csv,noheader"],
      { signal, timeout: limitMs },
      (error, stdout) => settle(error === null ? stdout.trim().split("\n") : undefined),
    );
  });
}
