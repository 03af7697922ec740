import { readdir, readFile, readlink, realpath } from "node:fs/promises";

/** Who holds a file open for writing: the command or a process it started, some other process, or nobody that can be seen. */
export type Writer = "command" | "another" | undefined;

const mostProcesses = 4000;

/** Read from Linux's /proc; undefined on other systems, and for processes of other users. */
export async function writerOf(path: string, command: number): Promise<Writer> {
  const full = await realpath(path).catch(() => undefined);
  const processes = await readdir("/proc").catch((): string[] => []);
  let writer: Writer;
  for (const id of full === undefined ? [] : processes.filter((name) => /^\d+$/.test(name)).slice(0, mostProcesses)) {
    if (Number(id) === process.pid || !(await isWriting(id, full))) continue;
    if (await isInside(Number(id), command)) return "command";
    writer = "another";
  }
  return writer;
}

async function isWriting(id: string, full: string | undefined): Promise<boolean> {
  // A process that ended meanwhile, or that is not ours to look at, has no entries.
  for (const fd of await readdir(`/proc/${id}/fd`).catch((): string[] => [])) {
    if ((await readlink(`/proc/${id}/fd/${fd}`).catch(() => undefined)) !== full) continue;
    const info = await readFile(`/proc/${id}/fdinfo/${fd}`, "utf8").catch(() => "");
    const flags = Number.parseInt(/^flags:\s*([0-7]+)/m.exec(info)?.[1] ?? "0", 8);
    // O_WRONLY or O_RDWR.
    if ((flags & 3) !== 0) return true;
  }
  return false;
}

/** Whether the process is the command or descends from it. */
async function isInside(id: number, command: number): Promise<boolean> {
  for (let at = id; at > 1;) {
    if (at === command) return true;
    const stat = await readFile(`/proc/${at}/stat`, "utf8").catch(() => "");
    // The name in brackets may hold anything; behind it stand the state and the parent.
    at = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1] ?? 0);
  }
  return false;
}
