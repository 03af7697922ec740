import { createHash, randomBytes } from "node:crypto";
import { realpathSync } from "node:fs";
import { BatchReply, postPoints } from "../../api/points.ts";
import { postRecords } from "../../api/records.ts";
import { deleteRun, getRun, patchRun, postRun, type NewRun } from "../../api/runs.ts";
import { AppError } from "../../base/errors.ts";
import { toJson } from "../../model/number.ts";
import type { Environment } from "../../model/run.ts";
import type { Connection } from "../client/connection.ts";
import { batches, toWireSeries } from "../client/points-body.ts";
import { runPath } from "../diagnose/stored-run.ts";
import type { RunInput } from "../read/find-inputs.ts";
import type { ReadRun } from "../read/read-run.ts";
import { statusOf } from "../read/recording.ts";

export interface Stored {
  readonly id: string;
  readonly outcome: "created" | "updated" | "unchanged";
  readonly refused: readonly { readonly reason: string; readonly items: number }[];
}

interface Choices {
  readonly project?: string | undefined;
  readonly tag: readonly string[];
}

const pointsPerBatch = 200_000;
const recordsPerBatch = 5000;

/**
 * Stores one run under an id made from its path. The same path again updates that run: nothing is sent
 * when the content is the same, and a changed content replaces the old one.
 */
export async function storeRun(
  connection: Connection,
  run: ReadRun,
  input: RunInput,
  choices: Choices,
): Promise<Stored> {
  const id = runIdOf(input);
  const contentHash = fingerprintOf(run);
  const known = await environmentOf(connection, id);
  if (known?.contentHash === contentHash) return { id, outcome: "unchanged", refused: [] };
  if (known !== undefined) await connection.send({ method: "DELETE", path: runPath(deleteRun.path, id) });
  const created = newRun(id, run, choices);
  await connection.send({ method: "POST", path: postRun.path, body: toJson(created) });
  const refused = await sendContent(connection, id, run);
  // The fingerprint comes last, so that an import that broke off is done again the next time.
  const changes = { ...ending(run), environment: { ...created.environment, contentHash } };
  await connection.send({ method: "PATCH", path: runPath(patchRun.path, id), body: toJson(changes) });
  return { id, outcome: known === undefined ? "created" : "updated", refused };
}

function newRun(id: string, run: ReadRun, choices: Choices): NewRun & { environment: Environment } {
  const { recording } = run;
  const times = run.series.flatMap(({ time }) => time.find((t) => !Number.isNaN(t)) ?? []);
  const createdAt = recording?.startedAt ?? (times.length === 0 ? undefined : times.reduce((a, b) => Math.min(a, b)));
  return {
    id,
    project: choices.project ?? recording?.project ?? "imported",
    name: run.name,
    source: recording === undefined ? "import" : "recording",
    dialect: run.dialect,
    config: run.config,
    tags: [...choices.tag, ...(recording === undefined ? [] : ["recording"])],
    environment: recording === undefined ? {} : { command: recording.command, ...recording.environment },
    ...(createdAt === undefined ? {} : { createdAt }),
  };
}

function ending(run: ReadRun): Readonly<Record<string, unknown>> {
  const { recording } = run;
  const times = run.series.flatMap(({ time }) => time.findLast((t) => !Number.isNaN(t)) ?? []);
  return {
    status: recording === undefined ? "finished" : statusOf(recording.exitStatus),
    endedAt: recording?.endedAt ?? (times.length === 0 ? null : times.reduce((a, b) => Math.max(a, b))),
    exitStatus: recording?.exitStatus ?? null,
  };
}

async function sendContent(connection: Connection, id: string, run: ReadRun): Promise<Stored["refused"]> {
  const refusals = new Map<string, number>();
  const writer = `import-${randomBytes(8).toString("hex")}`;
  let sequence = 0;
  for (const { path, content } of contentOf(run)) {
    sequence += 1;
    const body = JSON.stringify({ writer: { id: writer, sequence }, ...content });
    const reply = await connection.ask(BatchReply, {
      method: "POST",
      path: runPath(path, id),
      body,
      timeoutMs: 120_000,
    });
    for (const { reason } of reply.rejected) refusals.set(reason, (refusals.get(reason) ?? 0) + 1);
  }
  return [...refusals].map(([reason, items]) => ({ reason, items }));
}

function* contentOf(run: ReadRun): Generator<{ path: string; content: Readonly<Record<string, unknown>> }> {
  for (const batch of batches(run.series, pointsPerBatch))
    yield { path: postPoints.path, content: { series: batch.map(toWireSeries) } };
  for (let from = 0; from < run.records.length; from += recordsPerBatch)
    yield { path: postRecords.path, content: { records: run.records.slice(from, from + recordsPerBatch) } };
}

async function environmentOf(connection: Connection, id: string): Promise<Environment | undefined> {
  try {
    const { run } = await connection.ask(getRun.response, { method: "GET", path: runPath(getRun.path, id) });
    return run.environment;
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.code === "not-found") return undefined;
    throw thrown;
  }
}

/** Readable and stable: the name, and a hash of where the files are. */
function runIdOf(input: RunInput): string {
  const hash = createHash("sha256").update(realpathSync(input.path)).digest("hex").slice(0, 10);
  const name = input.name
    .replaceAll(/[^A-Za-z0-9_.-]+/g, "-")
    .replace(/^[^A-Za-z0-9]+/, "")
    .slice(0, 80);
  return `${name === "" ? "run" : name}-${hash}`;
}

function fingerprintOf(run: ReadRun): string {
  const hash = createHash("sha256");
  for (const { name, labels, step, value } of run.series) {
    hash.update(JSON.stringify([name, labels]));
    hash.update(new Uint8Array(step.buffer, step.byteOffset, step.byteLength));
    hash.update(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  }
  hash.update(toJson([run.config, run.records.length, run.dialect, run.recording ?? null]));
  return hash.digest("hex").slice(0, 16);
}
