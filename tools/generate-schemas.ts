/** Writes docs/schemas/*.json from the schemas in src/model: `npx tsx tools/generate-schemas.ts`. */
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { Report } from "../src/model/report.ts";

const folder = new URL("../docs/schemas/", import.meta.url);

/** File name -> what it must contain. */
export function schemas(): ReadonlyMap<string, string> {
  const report = z.toJSONSchema(Report, { target: "draft-7", io: "output" });
  return new Map([
    ["report-1.json", `${JSON.stringify({ $id: "llmdbg:report/1", title: "llmdbg.report/1", ...report }, null, 2)}\n`],
  ]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of schemas()) writeFileSync(new URL(name, folder), text);
}
