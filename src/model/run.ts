import { z } from "zod";
import { FlatConfig } from "./config.ts";

export const RunKind = z.enum(["train", "evaluate", "serve"]);
export type RunKind = z.infer<typeof RunKind>;

/** `crashed`: ended with an exception or a signal; `lost`: stopped reporting without an end. */
export const RunStatus = z.enum(["running", "finished", "failed", "crashed", "lost"]);
export type RunStatus = z.infer<typeof RunStatus>;

export const RunId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/, "letters, digits, '_', '.', '-'; at most 128");
export type RunId = z.infer<typeof RunId>;

/** What was run and where. All of it is text for people; nothing of it is executed or opened. */
export const Environment = z.object({
  command: z.array(z.string()).optional(),
  cwd: z.string().optional(),
  host: z.string().optional(),
  /** Process of the training program on `host`: lets the server notice that it is gone. */
  pid: z.number().int().positive().optional(),
  user: z.string().optional(),
  platform: z.string().optional(),
  cpus: z.number().optional(),
  memoryBytes: z.number().optional(),
  gpus: z.array(z.string()).optional(),
  gitCommit: z.string().optional(),
  gitBranch: z.string().optional(),
  gitDirty: z.boolean().optional(),
  gitDiff: z.string().optional(),
  python: z.string().optional(),
  packages: z.record(z.string(), z.string()).optional(),
  /** Of imported files: fingerprint of what was read, so that the same content is not stored again. */
  contentHash: z.string().max(128).optional(),
});
export type Environment = z.infer<typeof Environment>;

/** One execution being watched. Times are milliseconds since the epoch. */
export const Run = z.object({
  id: RunId,
  project: z.string().min(1).max(256),
  name: z.string().min(1).max(512),
  kind: RunKind,
  status: RunStatus,
  /** Where the data came from: `run`, `sdk-python`, `import`, `recording` ... */
  source: z.string().max(256),
  /** The trainer whose option names the user writes, e.g. `hf`; see `analysis/dialects`. */
  dialect: z.string().max(64).nullable(),
  config: FlatConfig,
  tags: z.array(z.string().max(256)).max(256),
  environment: Environment,
  parent: z.object({ run: RunId, step: z.number() }).nullable(),
  createdAt: z.number(),
  endedAt: z.number().nullable(),
  exitStatus: z.number().nullable(),
});
export type Run = z.infer<typeof Run>;
