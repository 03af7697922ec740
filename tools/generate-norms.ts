/**
 * Writes src/analysis/standing/norms.ts from every healthy recording in the repository: `npx tsx tools/generate-norms.ts`.
 * Only where a run stands is taken from it; no rule has a threshold from here.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { createDiagnosis, defineRule } from "../src/analysis/index.ts";
import { runStatistics, type Kind, type RunStatistics } from "../src/analysis/standing/statistics.ts";
import { findInputs } from "../src/cli/read/find-inputs.ts";
import { readRun, toRunData } from "../src/cli/read/read-run.ts";

const folders = ["../fixtures/", "../benchmarks/faults/recordings/"].map((path) => new URL(path, import.meta.url));
const kinds = ["language", "supervised", "preference", "reinforcement"] as const satisfies readonly Kind[];
const statistics = ["usual", "peaks", "drift", "noise"] as const;

/** Healthy, and whether the run is over: a rule hands out what a fact derived. */
async function statisticsOf(path: string): Promise<RunStatistics | undefined> {
  const [input] = await findInputs(path);
  if (input === undefined) return undefined;
  let own: RunStatistics | undefined;
  const probe = defineRule({
    id: "probe",
    title: "",
    why: "",
    needs: { runStatistics },
    check(facts) {
      own = facts.runStatistics;
      return [];
    },
  });
  createDiagnosis(toRunData(await readRun(input)), [probe], [])();
  return own;
}

export async function normsFile(): Promise<string> {
  const found = new Map<string, number[]>();
  let runs = 0;
  for (const folder of folders.filter((one) => existsSync(one))) {
    for (const name of readdirSync(folder).toSorted()) {
      const truth = new URL(`${name}/expected.json`, folder);
      if (
        !existsSync(truth) ||
        !z.object({ healthy: z.boolean() }).parse(JSON.parse(readFileSync(truth, "utf8"))).healthy
      )
        continue;
      const own = await statisticsOf(fileURLToPath(new URL(`${name}/`, folder)));
      if (own === undefined) continue;
      runs += 1;
      for (const { id, value } of own.statistics) {
        const key = `${own.kind} ${id}`;
        found.set(key, [...(found.get(key) ?? []), Number(value.toPrecision(4))]);
      }
    }
  }
  if (runs === 0) throw new Error("no healthy recording was read");
  const lists = kinds.map((kind) => {
    const entries = statistics.map((id) => {
      const values = (found.get(`${kind} ${id}`) ?? []).toSorted((a, b) => a - b);
      return `    ${id}: [${values.join(", ")}],`;
    });
    return `  ${kind}: {\n${entries.join("\n")}\n  },`;
  });
  return `/** Written by tools/generate-norms.ts from ${runs} healthy recordings; do not edit. Ascending, a number a run. */
import type { Standing } from "../../model/standing.ts";
import type { Kind } from "./statistics.ts";

// oxfmt-ignore
export const norms: Readonly<Record<Kind, Readonly<Record<Standing["statistic"], readonly number[]>>>> = {
${lists.join("\n")}
};
`;
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(new URL("../src/analysis/standing/norms.ts", import.meta.url), await normsFile());
