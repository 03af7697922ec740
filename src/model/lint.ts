import { z } from "zod";
import { Advice, Severity } from "./finding.ts";

/** Where a person looks: a key of a configuration, a line of a file, a row of a data set (both from 1). */
export const LintWhere = z.object({
  file: z.string(),
  line: z.number().optional(),
  row: z.number().optional(),
  key: z.string().optional(),
});
export type LintWhere = z.infer<typeof LintWhere>;

export const LintFinding = z.object({
  check: z.string(),
  severity: Severity,
  title: z.string(),
  message: z.string(),
  where: LintWhere,
  /** Further places of the same fault, at most a few. */
  also: z.array(LintWhere),
  advice: z.array(Advice),
  /** Where it is documented that this is a fault. */
  source: z.string(),
});
export type LintFinding = z.infer<typeof LintFinding>;

/** What a file was taken for. */
const LintRole = z.enum([
  "configuration",
  "script",
  "deepspeed",
  "dataset list",
  "tokenizer",
  "train",
  "eval",
  "not read",
]);

/** What `llmdbg lint --json` prints. Published as docs/schemas/lint-1.json. */
export const LintReport = z.object({
  schema: z.literal("llmdbg.lint/1"),
  files: z.array(
    z.object({
      path: z.string(),
      role: LintRole,
      /** The trainer whose options it holds, or the shape of its rows. */
      kind: z.string().nullable(),
      /** Rows read; null for a file that is no data. */
      rows: z.number().nullable(),
      /** Named by this file; null when it was named on the command line. */
      from: z.string().nullable(),
      note: z.string().nullable(),
    }),
  ),
  findings: z.array(LintFinding),
  clean: z.array(z.string()),
  notApplicable: z.array(z.object({ check: z.string(), missing: z.array(z.string()) })),
});
export type LintReport = z.infer<typeof LintReport>;
