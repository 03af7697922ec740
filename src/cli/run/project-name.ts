import { existsSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";

/** Name of the git repository around the working directory, else of that directory. */
export function projectName(): string {
  for (let at = resolve("."); ; at = dirname(at)) {
    if (existsSync(join(at, ".git"))) return basename(at) || "default";
    if (dirname(at) === at) return basename(resolve(".")) || "default";
  }
}
