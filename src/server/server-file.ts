import { chmod, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

export interface ServerFile {
  readonly url: string;
  readonly pid: number;
  readonly version: string;
  readonly token?: string | undefined;
}

const pathIn = (directory: string): string => join(directory, "server.json");

/** Tells other processes of this user where the server of a data directory is. It may hold the token, so nobody else reads it. */
export async function writeServerFile(directory: string, content: ServerFile): Promise<void> {
  const path = pathIn(directory);
  const fresh = `${path}.${process.pid}.new`;
  await writeFile(fresh, `${JSON.stringify(content)}\n`, { mode: 0o600 });
  await chmod(fresh, 0o600);
  await rename(fresh, path);
}

/** Removes the file if it is still the one of this server. */
export async function removeServerFile(directory: string, url: string): Promise<void> {
  try {
    const written: unknown = JSON.parse(await readFile(pathIn(directory), "utf8"));
    const isOurs =
      typeof written === "object" &&
      written !== null &&
      "url" in written &&
      written.url === url &&
      "pid" in written &&
      written.pid === process.pid;
    if (isOurs) await rm(pathIn(directory), { force: true });
  } catch {
    // Gone or not ours: nothing to remove.
  }
}
