import { closeSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { join, resolve } from "node:path";
import { z } from "zod";
import { AppError } from "../../base/errors.ts";

/**
 * One process owns a data directory. The lock file names the owner, so that a second process can say
 * where to go; what finally keeps two processes off the file is the engine's own file lock.
 */
const Owner = z.object({
  pid: z.number().int(),
  /** Start of the process in the operating system's own unit; tells a reused pid from the owner. */
  started: z.string().nullable(),
  url: z.string().nullable(),
});
type Owner = z.infer<typeof Owner>;

const lockFile = (directory: string): string => join(directory, "lock.json");

/** Directories this process has open: the engine does not refuse a second instance in one process, and loses rows. */
const openHere = new Set<string>();

export interface Lock {
  release(): void;
}

export function acquireLock(directory: string): Lock {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const key = resolve(directory);
  if (openHere.has(key)) throw inUse(key, readOwner(key));
  const file = lockFile(key);
  const own: Owner = { pid: process.pid, started: startOf(process.pid), url: null };
  if (!createFile(file, own)) {
    const owner = readOwner(key);
    if (owner !== undefined && isAlive(owner)) throw inUse(key, owner);
    replaceFile(file, own);
  }
  openHere.add(key);
  return {
    release() {
      openHere.delete(key);
      if (readOwner(key)?.pid === process.pid) rmSync(file, { force: true });
    },
  };
}

/** Adds the address at which the owner of `directory` answers, for the message that a second process gets. */
export function annotateLock(directory: string, details: { readonly url: string }): void {
  const owner = readOwner(resolve(directory));
  if (owner?.pid === process.pid) replaceFile(lockFile(resolve(directory)), { ...owner, url: details.url });
}

export function inUse(directory: string, owner: Owner | undefined): AppError {
  const who = owner === undefined ? "another process" : `process ${owner.pid}`;
  const where = owner?.url ?? null;
  const advice =
    where === null
      ? "Stop it, or choose another directory with LLMDBG_DIR."
      : `Use its server at ${where}, or choose another directory with LLMDBG_DIR.`;
  return new AppError("directory-in-use", `${directory} is in use by ${who}. ${advice}`);
}

export function readOwner(directory: string): Owner | undefined {
  try {
    return Owner.parse(JSON.parse(readFileSync(lockFile(directory), "utf8")));
  } catch {
    // No lock, or one that was cut off while it was written: its writer is gone.
    return undefined;
  }
}

function createFile(file: string, owner: Owner): boolean {
  try {
    const handle = openSync(file, "wx", 0o600);
    writeSync(handle, JSON.stringify(owner));
    closeSync(handle);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw new AppError("store-unavailable", `${file} cannot be written: ${String(error)}`, { cause: error });
  }
}

function replaceFile(file: string, owner: Owner): void {
  const next = `${file}.${process.pid}`;
  writeFileSync(next, JSON.stringify(owner), { mode: 0o600 });
  renameSync(next, file);
}

function isAlive(owner: Owner): boolean {
  // Our own pid in a lock that we do not hold: left by another container or before a reboot.
  if (owner.pid === process.pid) return false;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
  const started = startOf(owner.pid);
  return started === null || owner.started === null || started === owner.started;
}

/** Field 22 of /proc/<pid>/stat; null where there is no such file. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
  } catch {
    return null;
  }
}
