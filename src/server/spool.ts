import { createReadStream } from "node:fs";
import { appendFile, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { messageOf } from "../base/errors.ts";
import { readJson } from "./json.ts";
import { isAlive } from "./process-alive.ts";

/** Sends one request to this server, as a client would. */
export type Send = (
  method: "POST" | "PATCH",
  path: string,
  body: object,
) => Promise<{ status: number; detail: string }>;

const allowed: readonly { readonly method: string; readonly path: RegExp }[] = [
  { method: "POST", path: /^\/api\/v1\/runs$/ },
  { method: "PATCH", path: /^\/api\/v1\/runs\/[\w.-]+$/ },
  { method: "POST", path: /^\/api\/v1\/runs\/[\w.-]+\/points$/ },
  { method: "POST", path: /^\/api\/v1\/runs\/[\w.-]+\/records$/ },
];

/** How long spooled data wait for their run to be started. */
const strangersWaitMs = 600_000;

/**
 * Delivers what programs could not deliver because no server ran, once they are gone; a program that lives
 * delivers its own. A line that is refused goes to `<file>.rejected` with the reason. When the server
 * itself cannot take a line now (disk full), the file stays as it is and is delivered again from its start:
 * every batch carries a writer, so nothing is stored twice.
 */
export async function deliverSpool(directory: string, send: Send, log: (line: string) => void): Promise<void> {
  const spool = join(directory, "spool");
  for (const name of await filesIn(spool)) {
    const pid = Number(/\.(\d+)\.jsonl$/.exec(name)?.[1]);
    if (!Number.isInteger(pid)) continue;
    const path = join(spool, name);
    try {
      const { mtimeMs } = await stat(path);
      if (isAlive(pid, mtimeMs)) continue;
      const isYoung = Date.now() - mtimeMs < strangersWaitMs;
      await deliverFile(path, `spool:${name}:${Math.round(mtimeMs)}`, isYoung ? patient(send) : send, log);
    } catch (thrown) {
      log(`Spool file ${name} could not be delivered now and is kept: ${messageOf(thrown)}`);
    }
  }
}

/**
 * A program inside `llmdbg run` leaves the start of its run to that command, whose own request may come after
 * the program has ended: the run is then not known yet, and the file waits.
 */
const patient =
  (send: Send): Send =>
  async (method, path, body) => {
    const answer = await send(method, path, body);
    return answer.status === 404 ? { ...answer, status: 503 } : answer;
  };

async function filesIn(spool: string): Promise<string[]> {
  try {
    return (await readdir(spool)).sort();
  } catch {
    // Nothing was ever spooled.
    return [];
  }
}

async function deliverFile(path: string, writer: string, send: Send, log: (line: string) => void): Promise<void> {
  const refused: string[] = [];
  let number = 0;
  let delivered = 0;
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    number += 1;
    if (line.trim() === "") continue;
    const reason = await deliverLine(line, { id: writer, sequence: number }, send);
    if (reason === undefined) delivered += 1;
    else refused.push(JSON.stringify({ line: number, reason, text: line }));
  }
  if (refused.length > 0) await appendFile(`${path}.rejected`, `${refused.join("\n")}\n`, { mode: 0o600 });
  await rm(path, { force: true });
  const rest = refused.length > 0 ? `, ${refused.length} refused (kept in ${path}.rejected)` : "";
  log(`Delivered ${delivered} spooled requests${rest}.`);
}

/** The reason for refusing the line; undefined when it was delivered. Throws when the server cannot take it now. */
async function deliverLine(line: string, writer: object, send: Send): Promise<string | undefined> {
  let spooled: unknown;
  try {
    spooled = readJson(Buffer.from(line));
  } catch (thrown) {
    return messageOf(thrown);
  }
  if (typeof spooled !== "object" || spooled === null) return "not a JSON object";
  if (!("method" in spooled && "path" in spooled && "body" in spooled)) return "method, path or body is missing";
  const { method, path, body } = spooled;
  if ((method !== "POST" && method !== "PATCH") || typeof path !== "string") return "not a spooled request";
  if (!allowed.some((a) => a.method === method && a.path.test(path)))
    return `${method} ${path} is not accepted from a spool`;
  if (typeof body !== "object" || body === null) return "body is not an object";
  const isBatch = /\/(points|records)$/.test(path);
  const { status, detail } = await send(method, path, isBatch ? { writer, ...body } : body);
  if (status >= 500) throw new Error(detail);
  return status >= 400 ? detail : undefined;
}
