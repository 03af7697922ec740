import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { getHealth } from "../../api/server.ts";
import { AppError } from "../../base/errors.ts";
import { announcedServer } from "./announced.ts";
import { makeDataDirectory } from "../make-directory.ts";
import { inPackage } from "../package-root.ts";
import { Connection } from "./connection.ts";

type Variables = Readonly<Record<string, string | undefined>>;

/** The server that LLMDBG_URL names, else the directory's own; undefined when none answers. */
export async function findServer(directory: string, env: Variables): Promise<Connection | undefined> {
  const named = env["LLMDBG_URL"];
  if (named !== undefined && named !== "") {
    const connection = new Connection(named, env["LLMDBG_TOKEN"]);
    await connection.ask(getHealth.response, { method: "GET", path: getHealth.path, timeoutMs: 5000 });
    return connection;
  }
  const announced = announcedServer(directory);
  if (announced === undefined) return undefined;
  const connection = new Connection(announced.url, env["LLMDBG_TOKEN"] ?? announced.token);
  return (await answers(connection)) ? connection : undefined;
}

export async function answers(connection: Connection): Promise<boolean> {
  try {
    await connection.ask(getHealth.response, { method: "GET", path: getHealth.path, timeoutMs: 2000 });
    return true;
  } catch {
    // Whatever the reason, this server cannot be used now.
    return false;
  }
}

/** The server of the directory, started in the background when there is none. */
export async function requireServer(directory: string, env: Variables): Promise<Connection> {
  const found = await findServer(directory, env);
  if (found !== undefined) return found;
  startInBackground(directory);
  return waitForServer(directory, env, 15_000);
}

/** Minutes without clients and live runs after which a server that a command started ends itself. */
const idleMinutes = 60;

/** Starts `llmdbg serve` as a process of its own, which outlives this one. Its output goes to `<dir>/server.log`. */
export function startInBackground(directory: string, port?: number): void {
  makeDataDirectory(directory);
  const log = openSync(join(directory, "server.log"), "a", 0o600);
  const bin = inPackage("bin", "llmdbg.js");
  const options = ["serve", "--dir", directory, "--idle-exit", String(idleMinutes)];
  if (port !== undefined) options.push("--port", String(port));
  const child = spawn(process.execPath, [bin, ...options], { detached: true, stdio: ["ignore", log, log] });
  child.on("error", () => {
    // `waitForServer` says that no server came up.
  });
  child.unref();
  closeSync(log);
}

export async function waitForServer(
  directory: string,
  env: Variables,
  limitMs: number,
  signal?: AbortSignal,
): Promise<Connection> {
  const until = Date.now() + limitMs;
  while (Date.now() < until && signal?.aborted !== true) {
    const announced = announcedServer(directory);
    if (announced !== undefined) {
      const connection = new Connection(announced.url, env["LLMDBG_TOKEN"] ?? announced.token);
      if (await answers(connection)) return connection;
    }
    await sleep(50);
  }
  throw new AppError(
    "server-unreachable",
    `No server came up within ${limitMs / 1000} s: ${lastLine(join(directory, "server.log"))}`,
  );
}

function lastLine(path: string): string {
  try {
    return readFileSync(path, "utf8").trimEnd().split("\n").at(-1) ?? "";
  } catch {
    return `it wrote no log at ${path}`;
  }
}
