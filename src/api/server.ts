import { z } from "zod";
import { defineRoute } from "./route.ts";

export const getHealth = defineRoute({
  id: "get-health",
  method: "GET",
  path: "/api/v1/health",
  summary: "Whether this is an llmdbg server, and which",
  response: z.object({ name: z.literal("llmdbg"), version: z.string(), pid: z.number(), uptimeMs: z.number() }),
});

export const getStorage = defineRoute({
  id: "get-storage",
  method: "GET",
  path: "/api/v1/storage",
  summary: "What is stored and how much disk it takes",
  response: z.object({
    directory: z.string(),
    totalBytes: z.number(),
    freeBytes: z.number(),
    runs: z.number(),
    points: z.number(),
    records: z.number(),
    tables: z.array(z.object({ name: z.string(), rows: z.number(), bytes: z.number() })),
    incidents: z.array(z.object({ time: z.number(), what: z.string(), keptFile: z.string().optional() })),
  }),
});

/** Every error of every endpoint, as application/problem+json (RFC 9457). */
export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number(),
  code: z.string(),
  detail: z.string(),
});
export type Problem = z.infer<typeof Problem>;
