import { z } from "zod";
import { Finding, Resolved } from "./finding.ts";
import { Standing } from "./standing.ts";

/** What `diagnose --json` prints and `/api/v1/runs/:id/report` answers. Published as docs/schemas/report-1.json. */
export const Report = z.object({
  schema: z.literal("llmdbg.report/1"),
  run: z.object({
    id: z.string().nullable(),
    name: z.string(),
    source: z.string(),
    dialect: z.string().nullable(),
    firstStep: z.number().nullable(),
    lastStep: z.number().nullable(),
    series: z.array(z.string()),
  }),
  findings: z.array(Finding),
  /** Only of a run that was watched: nothing that was shown is withdrawn without a word. */
  resolved: z.array(Resolved).optional(),
  explained: z.array(z.object({ sign: z.string(), why: z.string() })),
  /** "Is this grad_norm normal?": where the run stands among recorded healthy runs of its kind. */
  standing: z.array(Standing).optional(),
  clean: z.array(z.string()),
  notApplicable: z.array(z.object({ rule: z.string(), missing: z.array(z.string()) })),
  failed: z.array(z.object({ rule: z.string(), error: z.string() })),
});
export type Report = z.infer<typeof Report>;
