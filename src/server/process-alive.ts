import { readFileSync } from "node:fs";

/**
 * Whether the process that had this pid at `since` (milliseconds since the epoch) still runs. Numbers are
 * used again: where /proc says when a process started, one that started after `since` is another one.
 */
export function isAlive(pid: number, since?: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (thrown) {
    // EPERM: it is there and belongs to somebody else.
    if (!(thrown instanceof Error && "code" in thrown && thrown.code === "EPERM")) return false;
  }
  if (since === undefined) return true;
  const startedAt = processStart(pid);
  return startedAt === undefined || startedAt <= since + 1_000;
}

/** USER_HZ is 100 on every Linux that Node supports. */
const ticksPerSecond = 100;

function processStart(pid: number): number | undefined {
  try {
    // The second field is the program's name in brackets and may hold anything, so count from its end.
    const fields = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ").at(-1)?.split(" ");
    const bootSeconds = /^btime (\d+)$/m.exec(readFileSync("/proc/stat", "latin1"))?.[1];
    const ticks = Number(fields?.[19]);
    if (bootSeconds === undefined || !Number.isFinite(ticks)) return undefined;
    return Number(bootSeconds) * 1_000 + (ticks / ticksPerSecond) * 1_000;
  } catch {
    // No /proc on this system.
    return undefined;
  }
}
