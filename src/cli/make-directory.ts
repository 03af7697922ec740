import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { AppError, messageOf } from "../base/errors.ts";

/**
 * A directory with its parents, for this user alone. Level by level: Node's recursive mkdir never returns where the
 * system answers ENOENT although the parent exists, as in /proc, and a training must not wait for that.
 */
export function makeDirectory(path: string): void {
  if (existsSync(path)) return;
  makeDirectory(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (thrown) {
    // Another process may have been quicker.
    if (!existsSync(path)) throw thrown;
  }
}

/** The same for the data directory, whose failure is the user's to act on. */
export function makeDataDirectory(path: string): void {
  try {
    makeDirectory(path);
  } catch (thrown) {
    throw new AppError(
      "store-unavailable",
      `The data directory ${path} cannot be made: ${messageOf(thrown)}. Choose a writable one: set LLMDBG_DIR or pass --dir.`,
      { cause: thrown },
    );
  }
}
