/** The recorded programs of the fault benchmark: what each run logged, and the truth about it. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { findInputs } from "../../../src/cli/read/find-inputs.ts";
import { readRun, toRunData, type ReadRun } from "../../../src/cli/read/read-run.ts";
import type { RunData } from "../../../src/analysis/index.ts";
import { trainLoss } from "../../../src/analysis/signals.ts";

/** What programs were used for, in the order in which they were looked at; docs/accuracy.md says more. */
export const splits = ["tuning", "held-out", "sealed", "fresh", "last", "blind", "novel"] as const;

const Truth = z.object({
  healthy: z.boolean(),
  program: z.string(),
  split: z.enum(splits),
  /** Id of the fault; null for a healthy run. */
  fault: z.string().nullable(),
  /** Rules that name the fault rightly; several may. */
  rules: z.array(z.string()),
  causes: z.array(z.string()),
  /** Module path, or several that are equally right; null where the fault has no place. */
  layer: z.union([z.string(), z.array(z.string())]).nullable(),
  onset: z.object({ step: z.number(), tolerance: z.number() }).nullable(),
  allowed: z.array(z.string()),
  truth: z.string(),
});
export type Truth = z.infer<typeof Truth>;

export interface Recorded {
  readonly name: string;
  readonly truth: Truth;
  readonly run: ReadRun;
  readonly data: RunData;
  /** Steps at which the run logged its training loss, ascending: onset errors count in these rows. */
  readonly rows: readonly number[];
  readonly hasLayers: boolean;
}

const recordings = fileURLToPath(new URL("../recordings/", import.meta.url));

export const names = (): readonly string[] =>
  existsSync(recordings)
    ? readdirSync(recordings)
        .filter((name) => existsSync(`${recordings}${name}/expected.json`))
        .toSorted()
    : [];

export const truthOf = (name: string): Truth =>
  Truth.parse(JSON.parse(readFileSync(`${recordings}${name}/expected.json`, "utf8")));

export async function load(name: string): Promise<Recorded> {
  const truth = truthOf(name);
  const [input] = await findInputs(`${recordings}${name}`);
  if (input === undefined) throw new Error(`nothing to read in ${name}`);
  const run = await readRun(input);
  const data = toRunData(run);
  return {
    name,
    truth,
    run,
    data,
    rows: rowsOf(data),
    hasLayers: run.series.some(({ name: one }) => one.startsWith("layer/")),
  };
}

/** Steps at which the training loss was logged; where no series is one, all steps. */
export function rowsOf(data: RunData): readonly number[] {
  let rows: readonly number[] = [];
  for (const series of data.series)
    if (trainLoss.matches(series.name, series.labels) && series.length > rows.length)
      rows = [...new Set(series.step)].toSorted((a, b) => a - b);
  return rows.length > 0
    ? rows
    : [...new Set([...data.series].flatMap(({ step }) => [...step]))].toSorted((a, b) => a - b);
}
