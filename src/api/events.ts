import { z } from "zod";
import { Report } from "../model/report.ts";
import { SeriesInfo } from "./points.ts";
import { RunSummary } from "./runs.ts";

/**
 * Live changes as server-sent events: GET /api/v1/events (all runs: only `run` and `run-deleted`) and
 * GET /api/v1/runs/:run/events (one run: all kinds). The SSE event name is `kind`, its data this JSON.
 * On connecting, the current state comes first (`run`, `series`, `report`).
 */
export const LiveEvent = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("run"), run: RunSummary }),
  z.object({ kind: z.literal("run-deleted"), run: z.string() }),
  /** Series that grew, with their new counts and last values. */
  z.object({ kind: z.literal("series"), run: z.string(), series: z.array(SeriesInfo) }),
  /** The run's log now has this many records. */
  z.object({ kind: z.literal("records"), run: z.string(), total: z.number() }),
  z.object({ kind: z.literal("report"), run: z.string(), report: Report }),
]);
export type LiveEvent = z.infer<typeof LiveEvent>;

export const runEventsPath = "/api/v1/runs/:run/events";
export const eventsPath = "/api/v1/events";
