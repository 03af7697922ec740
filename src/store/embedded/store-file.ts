import { closeSync, fsyncSync, openSync, readFileSync, readdirSync, renameSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";

/**
 * The database file of a directory is the one that the file `current` names. Compaction writes a
 * new file and then changes `current`, so that at every moment one of the two is whole.
 */
const pattern = /^store-(\d+)\.duckdb$/;
const pointer = "current";

export function currentFile(directory: string): string {
  const name = readPointer(directory);
  return join(directory, name);
}

/** Name of the file that a compaction writes next. */
export function nextFile(directory: string): string {
  const number = Number(pattern.exec(readPointer(directory))?.[1] ?? 0);
  return join(directory, `store-${number + 1}.duckdb`);
}

export function setCurrent(directory: string, name: string): void {
  const next = join(directory, `${pointer}.new`);
  const handle = openSync(next, "w", 0o600);
  writeSync(handle, name);
  fsyncSync(handle);
  closeSync(handle);
  renameSync(next, join(directory, pointer));
  syncDirectory(directory);
}

/** Removes what a compaction that did not finish left behind. Damaged logs that were kept stay. */
export function removeOthers(directory: string): void {
  const current = readPointer(directory);
  for (const name of readdirSync(directory)) {
    const file = name.endsWith(".wal") ? name.slice(0, -".wal".length) : name;
    if (pattern.test(file) && file !== current) rmSync(join(directory, name), { force: true });
  }
}

function readPointer(directory: string): string {
  try {
    const name = readFileSync(join(directory, pointer), "utf8");
    if (pattern.test(name)) return name;
  } catch {
    // A new directory.
  }
  return "store-1.duckdb";
}

/** Makes a rename durable. */
function syncDirectory(directory: string): void {
  if (process.platform === "win32") return;
  const handle = openSync(directory, "r");
  fsyncSync(handle);
  closeSync(handle);
}
