/** Writes docs/schemas/*.json from the schemas in src/model: `npx tsx tools/generate-schemas.ts`. */
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { ExampleComparison } from "../src/model/comparison.ts";
import { Evaluation } from "../src/model/evaluation.ts";
import { LintReport } from "../src/model/lint.ts";
import { Report } from "../src/model/report.ts";
import { Verification } from "../src/model/verification.ts";

const folder = new URL("../docs/schemas/", import.meta.url);

/** File name -> what it must contain. */
export function schemas(): ReadonlyMap<string, string> {
  return new Map([
    ["report-1.json", published("report/1", Report)],
    ["lint-1.json", published("lint/1", LintReport)],
    ["comparison-1.json", published("comparison/1", ExampleComparison)],
    ["evaluation-1.json", published("evaluation/1", Evaluation)],
    ["verification-1.json", published("verification/1", Verification)],
  ]);
}

function published(id: string, schema: z.ZodType): string {
  const body = z.toJSONSchema(schema, { target: "draft-7", io: "output" });
  return `${JSON.stringify({ $id: `llmdbg:${id}`, title: `llmdbg.${id}`, ...body }, null, 2)}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of schemas()) writeFileSync(new URL(name, folder), text);
}
