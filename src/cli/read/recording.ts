import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { FlatConfig, flatten } from "../../model/config.ts";
import { Environment } from "../../model/run.ts";

/** `run.json` of a recording directory. The console is in `console.jsonl` beside it: `{"t": ms, "stream", "text"}` a line. */
export const Recording = z.object({
  schema: z.literal("llmdbg.recording/1"),
  name: z.string().min(1).max(512),
  project: z.string().min(1).max(256).default("recordings"),
  story: z.string().optional(),
  seed: z.number().optional(),
  command: z.array(z.string()).default([]),
  config: z.unknown().transform((config) => FlatConfig.catch({}).parse(flatten(config ?? {}))),
  startedAt: z.number(),
  endedAt: z.number().nullable().default(null),
  exitStatus: z.number().nullable().default(null),
  environment: Environment.optional().catch(undefined),
});
export type Recording = z.infer<typeof Recording>;

/** The recording in this directory; undefined when it is none. */
export function readRecording(directory: string): Recording | undefined {
  try {
    const parsed = Recording.safeParse(JSON.parse(readFileSync(join(directory, "run.json"), "utf8")));
    return parsed.success ? parsed.data : undefined;
  } catch {
    // No run.json, or not JSON: an ordinary directory.
    return undefined;
  }
}

/** How a command that ended with this status counts: null means that no end was recorded. */
export const statusOf = (exitStatus: number | null): "finished" | "failed" | "crashed" =>
  exitStatus === null || exitStatus > 128 ? "crashed" : exitStatus === 0 ? "finished" : "failed";
