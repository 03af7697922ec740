import { stat } from "node:fs/promises";
import { z } from "zod";
import { AppError, messageOf } from "../../base/errors.ts";
import { requireServer } from "../client/locate.ts";
import type { Invocation } from "../command.ts";
import { runPage } from "../diagnose/stored-run.ts";
import { dataDirectory, parseOptions } from "../options.ts";
import { findInputs, type RunInput } from "../read/find-inputs.ts";
import { readRun, type ReadRun } from "../read/read-run.ts";
import { progress } from "../terminal/progress.ts";
import { bytesText, count, plain } from "../terminal/text.ts";
import { storeRun, type Stored } from "./store-run.ts";

const Options = z.object({
  project: z.string().min(1).max(256).optional(),
  tag: z.array(z.string().min(1).max(256)).default([]),
  dir: z.string().optional(),
  json: z.boolean().default(false),
});

interface Imported {
  readonly path: string;
  readonly stored: Stored;
  readonly run: ReadRun;
}

/** `llmdbg import <path...>`: every run under the paths, stored through the server. */
export async function importRuns({ operands, options: given, env, terminal }: Invocation): Promise<number> {
  const options = parseOptions(Options, given);
  const failures: { path: string; reason: string }[] = [];
  const inputs: RunInput[] = [];
  for (const path of operands) {
    try {
      inputs.push(...(await findInputs(path)));
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown;
      failures.push({ path, reason: thrown.message });
    }
  }
  if (inputs.length === 0) throw new AppError("unreadable-input", failures.map(({ reason }) => reason).join(" "));
  const connection = await requireServer(dataDirectory(options.dir, env), env);
  const imported: Imported[] = [];
  const total = await bytesOf(inputs);
  const bar = progress("Importing", terminal.errStyle);
  let before = 0;
  try {
    for (const input of inputs) {
      let readHere = 0;
      try {
        const run = await readRun(input, (read) => {
          readHere = read;
          bar.at(before + read, total);
        });
        imported.push({ path: input.path, run, stored: await storeRun(connection, run, input, options) });
      } catch (thrown) {
        if (!(thrown instanceof AppError) || thrown.code !== "unreadable-input") throw thrown;
        failures.push({ path: input.path, reason: messageOf(thrown) });
      }
      before += readHere;
    }
  } finally {
    bar.stop();
    connection.close();
  }
  for (const { reason } of failures) terminal.err(`Left out: ${plain(reason)}\n`);
  if (options.json) terminal.out(`${JSON.stringify(document(imported, failures), undefined, 2)}\n`);
  else for (const each of imported) terminal.out(lines(each, runPage(connection, each.stored.id)));
  if (!options.json && imported.length > 1) terminal.out(`${count(imported.length, "run")} at ${connection.url}\n`);
  return imported.length === 0 ? 2 : 0;
}

function lines({ run, stored }: Imported, page: string): string {
  const verb = { created: "Imported", updated: "Updated", unchanged: "Unchanged" }[stored.outcome];
  const text = [`${verb} ${plain(run.name)}  ${page}`];
  for (const file of run.files) {
    const points = file.series.reduce((sum, { step }) => sum + step.length, 0);
    const parts = [count(file.series.length, "metric"), count(points, "point"), count(file.records.length, "record")];
    text.push(`  ${plain(file.path)}: ${file.format.title}, ${bytesText(file.sizeBytes)}, ${parts.join(", ")}`);
    for (const { index, reason } of file.rejected.slice(0, 3)) text.push(`    line ${index} refused: ${plain(reason)}`);
    if (file.rejected.length > 3)
      text.push(`    and ${count(file.rejected.length - 3, "more refused line")} (all with --json)`);
  }
  for (const { reason } of run.unreadable) text.push(`  left out: ${plain(reason)}`);
  if (run.duplicates > 0)
    text.push(`  ${count(run.duplicates, "point")} came twice, from two files, and were taken once`);
  if (run.late > 0)
    text.push(`  ${count(run.late, "point")} of a second file lie between those of the first and were left out`);
  for (const { reason, items } of stored.refused)
    text.push(`  the server refused ${count(items, "item")}: ${plain(reason)}`);
  return `${text.join("\n")}\n`;
}

const document = (imported: readonly Imported[], failures: readonly { path: string; reason: string }[]): unknown => ({
  schema: "llmdbg.import/1",
  runs: imported.map(({ run, stored, path }) => ({
    id: stored.id,
    name: run.name,
    path,
    outcome: stored.outcome,
    files: run.files.map((file) => ({
      path: file.path,
      format: file.format.id,
      series: file.series.length,
      points: file.series.reduce((sum, { step }) => sum + step.length, 0),
      records: file.records.length,
      rejected: file.rejected,
    })),
    unreadable: run.unreadable,
    duplicates: run.duplicates,
    refused: stored.refused,
  })),
  failures,
});

async function bytesOf(inputs: readonly RunInput[]): Promise<number> {
  const sizes = await Promise.all(inputs.flatMap(({ files }) => files.map(async (file) => (await stat(file)).size)));
  return sizes.reduce((sum, size) => sum + size, 0);
}
