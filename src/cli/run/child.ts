/**
 * The user's command as a child process.
 *
 * With a terminal it gets a pseudo-terminal of its own, so that it prints what it would print without us:
 * colours, progress bars, prompts. Otherwise it gets plain pipes. Either way its output is passed on byte
 * for byte before anything looks at it, and it ends as it would have ended.
 */
import { spawn } from "node:child_process";
import { fstatSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import type { Readable } from "node:stream";

export type Output = "out" | "err";

export interface ChildOptions {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly onOutput: (stream: Output, bytes: Buffer) => void;
  /** Our own standard output is for a document; the child's goes to standard error. */
  readonly keepStdoutFree: boolean;
}

/** `exitCode` as a shell gives it: 128 + n for signal n. */
export interface Ended {
  readonly exitCode: number;
  readonly signal: string | undefined;
}

export interface Child {
  readonly pid: number;
  readonly ended: Promise<Ended>;
}

/** A pseudo-terminal joins both streams, so it is used only when both go to the terminal. */
export const wantsTerminal = (): boolean =>
  process.stdout.isTTY && process.stderr.isTTY && process.platform !== "win32";

export const startChild = async (options: ChildOptions): Promise<Child> =>
  wantsTerminal() && !options.keepStdoutFree ? startInTerminal(options) : startPiped(options);

async function startInTerminal({ argv, env, onOutput }: ChildOptions): Promise<Child> {
  const pty = await import("@lydell/node-pty");
  const [file = "", ...args] = withStandardInput(argv);
  const child = pty.spawn(file, args, {
    name: env["TERM"] ?? "xterm-256color",
    cols: process.stdout.columns || 80,
    rows: process.stdout.rows || 24,
    cwd: process.cwd(),
    env: { ...env },
    encoding: null,
  });
  child.onData((data) => {
    // With encoding null this is a Buffer, whatever the declared type says.
    const bytes = Buffer.from(data);
    process.stdout.write(bytes);
    onOutput("out", bytes);
  });
  const onResize = (): void => child.resize(process.stdout.columns || 80, process.stdout.rows || 24);
  process.stdout.on("resize", onResize);
  const stopForwarding = forwardKeys((text) => child.write(text));
  const stopSignals = onSignals(["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"], (signal) =>
    kill(child.pid, signal),
  );
  const ended = new Promise<Ended>((resolve) => {
    child.onExit(({ exitCode, signal }) => {
      process.stdout.off("resize", onResize);
      stopForwarding();
      stopSignals();
      resolve(endOf(exitCode, signal === undefined || signal === 0 ? null : nameOf(signal)));
    });
  });
  return { pid: child.pid, ended };
}

/** The pseudo-terminal is also the child's input; when ours is a file or a pipe, the child gets that instead. */
function withStandardInput(argv: readonly string[]): readonly string[] {
  if (process.stdin.isTTY || process.platform !== "linux") return argv;
  return ["/bin/sh", "-c", 'exec "$@" <"$0"', `/proc/${process.pid}/fd/0`, ...argv];
}

/** Every key goes to the child unread, Ctrl-C too: its own terminal makes the signal of it. */
function forwardKeys(write: (text: string) => void): () => void {
  const { stdin } = process;
  if (!stdin.isTTY) return () => {};
  const onData = (text: string): void => write(text);
  const take = (): void => {
    // A job in the background that touches the terminal is stopped by the kernel.
    if (!inForeground()) return;
    stdin.setRawMode(true);
    stdin.setEncoding("utf8");
    stdin.off("data", onData);
    stdin.on("data", onData);
    stdin.resume();
  };
  take();
  process.on("SIGCONT", take);
  return () => {
    process.off("SIGCONT", take);
    stdin.off("data", onData);
    if (stdin.isRaw) stdin.setRawMode(false);
    stdin.pause();
  };
}

/** Whether this process may use its terminal now. Where that cannot be read, it is taken to be so. */
function inForeground(): boolean {
  try {
    const stat = readFileSync("/proc/self/stat", "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [group, terminalGroup] = [fields[2], fields[5]];
    return group === terminalGroup;
  } catch {
    return true;
  }
}

function startPiped({ argv, env, onOutput, keepStdoutFree }: ChildOptions): Child {
  const [file = "", ...args] = throughShell(argv, keepStdoutFree || bothGoToOneFile());
  const child = spawn(file, args, { stdio: ["inherit", "pipe", "pipe"], env });
  passOn(child.stdout, keepStdoutFree ? process.stderr : process.stdout, (bytes) => onOutput("out", bytes));
  passOn(child.stderr, process.stderr, (bytes) => onOutput("err", bytes));
  // A Ctrl-C reaches the child by itself: it is in our process group. Sent twice, it would cut short its clean-up.
  const fromTerminal = process.stdin.isTTY || process.stderr.isTTY || process.stdout.isTTY;
  const stop = onSignals(["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"], (signal) => {
    if (fromTerminal && (signal === "SIGINT" || signal === "SIGQUIT")) return;
    if (!fromTerminal && signal === "SIGHUP") return;
    if (child.pid !== undefined) kill(child.pid, signal);
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", (error) => {
      stop();
      reject(error);
    });
    child.on("exit", (code, signal) => {
      stop();
      const end = endOf(code ?? 0, signal);
      // A grandchild may hold the pipes open; the command is over all the same.
      const timer = setTimeout(() => resolve(end), 1000);
      child.on("close", () => {
        clearTimeout(timer);
        resolve(end);
      });
    });
  });
  return { pid: child.pid ?? 0, ended };
}

/**
 * What only a shell can set up for the command, which it then becomes.
 *
 * Node undoes `nohup`: it sets an ignored SIGHUP back to its default. Without any terminal a hang-up can only
 * come from the shell that started us going away, and a training must survive that, as it does under nohup.
 *
 * Two pipes do not say what was printed first. Where both streams end up in one place, one pipe keeps their order.
 */
function throughShell(argv: readonly string[], isOnePipe: boolean): readonly string[] {
  if (process.platform === "win32") return argv;
  const hasTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  if (hasTerminal && !isOnePipe) return argv;
  return ["/bin/sh", "-c", `${hasTerminal ? "" : 'trap "" HUP; '}exec "$@"${isOnePipe ? " 2>&1" : ""}`, "sh", ...argv];
}

/** As after `> log 2>&1`. */
function bothGoToOneFile(): boolean {
  try {
    const [out, err] = [fstatSync(1), fstatSync(2)];
    return out.ino === err.ino && out.dev === err.dev;
  } catch {
    // One of them is closed.
    return false;
  }
}

/** Copies with back-pressure; when our reader goes away, the child learns it as it would without us. */
function passOn(from: Readable, to: NodeJS.WriteStream, see: (bytes: Buffer) => void): void {
  from.on("data", (bytes: Buffer) => {
    if (!to.write(bytes)) {
      from.pause();
      to.once("drain", () => from.resume());
    }
    see(bytes);
  });
  to.on("error", () => from.destroy());
}

function onSignals(names: readonly NodeJS.Signals[], on: (signal: NodeJS.Signals) => void): () => void {
  for (const name of names) process.on(name, on);
  return () => {
    for (const name of names) process.off(name, on);
  };
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended in the meantime.
  }
}

const endOf = (code: number, signal: string | null): Ended =>
  signal === null
    ? { exitCode: code, signal: undefined }
    : { exitCode: 128 + (signalNumbers.get(signal) ?? 0), signal };

const signalNumbers: ReadonlyMap<string, number> = new Map(Object.entries(constants.signals));
const nameOf = (number: number): string => [...signalNumbers].find(([, n]) => n === number)?.[0] ?? `SIG${number}`;
