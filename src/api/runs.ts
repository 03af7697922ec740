import { z } from "zod";
import { FlatConfig } from "../model/config.ts";
import { Environment, Run, RunId, RunKind, RunStatus } from "../model/run.ts";
import { Report } from "../model/report.ts";
import { defineRoute } from "./route.ts";

export const RunParams = z.object({ run: RunId });

/** Everything but the project has a default, so that `curl -d '{"project":"p"}'` starts a run. */
export const NewRun = z.object({
  id: RunId.optional(),
  project: z.string().min(1).max(256).default("default"),
  name: z.string().min(1).max(512).optional(),
  kind: RunKind.default("train"),
  source: z.string().max(256).default("api"),
  dialect: z.string().max(64).nullable().default(null),
  config: FlatConfig.default({}),
  tags: z.array(z.string().max(256)).max(256).default([]),
  environment: Environment.default({}),
  parent: z.object({ run: RunId, step: z.number() }).nullable().default(null),
  createdAt: z.number().optional(),
});
export type NewRun = z.input<typeof NewRun>;

/** `config` is merged into what is there; the other fields replace. */
export const RunChanges = z
  .object({
    name: z.string().min(1).max(512),
    status: RunStatus,
    dialect: z.string().max(64).nullable(),
    config: FlatConfig,
    tags: z.array(z.string().max(256)).max(256),
    environment: Environment,
    endedAt: z.number().nullable(),
    exitStatus: z.number().nullable(),
  })
  .partial();
export type RunChanges = z.input<typeof RunChanges>;

/** A row of the list of runs. */
export const RunSummary = Run.omit({ environment: true, config: true }).extend({
  lastStep: z.number().nullable(),
  /** Worst open finding, `info` when all have passed: what the verdict dot shows. `null`: nothing found, or nothing could be checked. */
  verdict: z.enum(["error", "warning", "info"]).nullable(),
  findings: z.number(),
  /** Title of the finding behind the verdict: what is wrong, in a few words. */
  headline: z.string().nullable(),
  /** Main loss reduced to at most 40 values for a sparkline; null where there is no finite value. */
  sparkline: z.array(z.number().nullable()),
  lastLoss: z.union([z.number(), z.string()]).nullable(),
});
export type RunSummary = z.infer<typeof RunSummary>;

/** Starts a run. Posting the same id again continues that run (a resume): its status is `running` again and nothing is lost. */
export const postRun = defineRoute({
  id: "post-run",
  method: "POST",
  path: "/api/v1/runs",
  summary: "Start a run, or continue one by posting its id again",
  body: NewRun,
  response: z.object({ run: Run }),
});

export const patchRun = defineRoute({
  id: "patch-run",
  method: "PATCH",
  path: "/api/v1/runs/:run",
  summary: "Change status, configuration, name or tags of a run",
  params: RunParams,
  body: RunChanges,
  response: z.object({ run: Run }),
});

export const getRuns = defineRoute({
  id: "get-runs",
  method: "GET",
  path: "/api/v1/runs",
  summary: "List runs",
  query: z.object({
    project: z.string().optional(),
    status: RunStatus.optional(),
    search: z.string().max(1000).optional(),
    sort: z.enum(["createdAt", "name", "project", "status", "endedAt"]).default("createdAt"),
    order: z.enum(["ascending", "descending"]).default("descending"),
    limit: z.coerce.number().int().min(1).max(10_000).default(100),
    offset: z.coerce.number().int().min(0).default(0),
  }),
  response: z.object({ runs: z.array(RunSummary), total: z.number() }),
});

export const getRun = defineRoute({
  id: "get-run",
  method: "GET",
  path: "/api/v1/runs/:run",
  summary: "One run with its configuration and environment",
  params: RunParams,
  response: z.object({ run: Run }),
});

export const deleteRun = defineRoute({
  id: "delete-run",
  method: "DELETE",
  path: "/api/v1/runs/:run",
  summary: "Delete a run and all its data; the disk is given back",
  params: RunParams,
  response: z.object({ deleted: z.literal(true) }),
});

export const getReport = defineRoute({
  id: "get-report",
  method: "GET",
  path: "/api/v1/runs/:run/report",
  summary: "Diagnosis of a run",
  params: RunParams,
  response: Report,
});
