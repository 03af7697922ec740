import { closeSync, copyFileSync, existsSync, openSync, readSync, statSync, truncateSync } from "node:fs";

/**
 * The engine's write-ahead log: an 8-byte header, then entries of length (8 bytes), checksum (8) and
 * content. A damaged entry makes the engine refuse to open; a cut or unreadable one makes it stop
 * reading there without a word. Both must be noticed.
 */
const headerBytes = 8;
const entryHeaderBytes = 16;

/** Bytes from which on the log holds no whole entry; equal to its size when nothing is cut off. */
export function wholeBytes(wal: string): { readonly whole: number; readonly size: number } {
  if (!existsSync(wal)) return { whole: 0, size: 0 };
  const size = statSync(wal).size;
  const handle = openSync(wal, "r");
  try {
    const entry = Buffer.alloc(8);
    let at = Math.min(headerBytes, size);
    while (at + entryHeaderBytes <= size) {
      readSync(handle, entry, 0, 8, at);
      const end = at + entryHeaderBytes + Number(entry.readBigUInt64LE(0));
      if (end > size) break;
      at = end;
    }
    return { whole: at, size };
  } finally {
    closeSync(handle);
  }
}

/** Whether the engine refused to open because of the log. It has no error codes; a test pins the words with damaged logs. */
export const isLogFailure = (message: string): boolean => /replaying WAL/.test(message);

/** The byte position in the engine's message about a damaged log, or undefined when it speaks of something else. */
export function damagedAt(message: string): number | undefined {
  const match = /WAL file.*byte position (\d+)/s.exec(message);
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

/** Start of the entry that `position` (its start, the start of its content, or a byte of it) belongs to. */
export function entryStart(wal: string, position: number): number {
  const size = statSync(wal).size;
  const handle = openSync(wal, "r");
  try {
    const entry = Buffer.alloc(8);
    let at = Math.min(headerBytes, size);
    while (at + entryHeaderBytes < position) {
      readSync(handle, entry, 0, 8, at);
      const end = at + entryHeaderBytes + Number(entry.readBigUInt64LE(0));
      if (end > position) break;
      at = end;
    }
    return Math.min(at, position);
  } finally {
    closeSync(handle);
  }
}

/** Copies the log aside under a name that says when, and returns that name. */
export function keepAside(wal: string, time: number): string {
  for (let number = 0; ; number++) {
    const kept = `${wal}.damaged-${new Date(time).toISOString().replaceAll(/[:.]/g, "-")}${number === 0 ? "" : `-${number}`}`;
    if (existsSync(kept)) continue;
    copyFileSync(wal, kept);
    return kept;
  }
}

export const truncateLog = (wal: string, bytes: number): void => truncateSync(wal, bytes);
