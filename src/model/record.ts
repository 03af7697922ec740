import { z } from "zod";

export const Level = z.enum(["debug", "info", "warning", "error", "critical"]);
export type Level = z.infer<typeof Level>;

/** Part a record plays in a failure: see reference of log grouping in docs/records.md. */
export const RecordRole = z.enum(["root", "cascade", "advice", "noise"]);
export type RecordRole = z.infer<typeof RecordRole>;

/** One log line or event. A whole traceback is one record. */
export const LogRecord = z.object({
  /** Milliseconds since the epoch; null when the source has no clock. */
  time: z.number().nullable(),
  level: Level,
  logger: z.string().max(512).nullable().default(null),
  message: z.string().max(65_536),
  /** The full traceback text, when the record is an exception. */
  exception: z.string().max(262_144).nullable().default(null),
  step: z.number().nullable().default(null),
  rank: z.number().int().nullable().default(null),
  /** Records with the same group are the same event again: a template or a traceback's fingerprint. */
  group: z.string().max(512).default(""),
  role: RecordRole.nullable().default(null),
});
export type LogRecord = z.infer<typeof LogRecord>;
