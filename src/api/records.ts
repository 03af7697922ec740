import { z } from "zod";
import { Level, LogRecord } from "../model/record.ts";
import { BatchReply, Writer } from "./points.ts";
import { defineRoute } from "./route.ts";
import { RunParams } from "./runs.ts";

/** Records are checked one by one: a bad one is refused with its index, the rest is kept. */
export const RecordsBody = z.object({ writer: Writer.optional(), records: z.array(z.unknown()).max(10_000) });
export type RecordsBody = z.input<typeof RecordsBody>;

export const postRecords = defineRoute({
  id: "post-records",
  method: "POST",
  path: "/api/v1/runs/:run/records",
  summary: "Append log records; answered once they are durable",
  params: RunParams,
  body: RecordsBody,
  response: BatchReply,
  maxBodyBytes: 16 * 1024 * 1024,
});

export const StoredRecord = LogRecord.extend({ index: z.number() });
export type StoredRecord = z.infer<typeof StoredRecord>;

const levels = z.union([Level, z.array(Level)]).transform((l) => (typeof l === "string" ? [l] : l));

export const getRecords = defineRoute({
  id: "get-records",
  method: "GET",
  path: "/api/v1/runs/:run/records",
  summary: "Log records, by level, text, group, step or time",
  params: RunParams,
  query: z.object({
    level: levels.optional(),
    search: z.string().max(1000).optional(),
    group: z.string().max(512).optional(),
    fromStep: z.coerce.number().optional(),
    toStep: z.coerce.number().optional(),
    fromTime: z.coerce.number().optional(),
    toTime: z.coerce.number().optional(),
    order: z.enum(["ascending", "descending"]).default("ascending"),
    limit: z.coerce.number().int().min(1).max(10_000).default(200),
    offset: z.coerce.number().int().min(0).default(0),
  }),
  response: z.object({ records: z.array(StoredRecord), total: z.number() }),
});

export const RecordGroup = z.object({
  group: z.string(),
  count: z.number(),
  level: Level,
  message: z.string(),
  firstTime: z.number().nullable(),
  lastTime: z.number().nullable(),
  firstStep: z.number().nullable(),
  lastStep: z.number().nullable(),
});
export type RecordGroup = z.infer<typeof RecordGroup>;

export const getRecordGroups = defineRoute({
  id: "get-record-groups",
  method: "GET",
  path: "/api/v1/runs/:run/record-groups",
  summary: "Log records grouped by template or traceback",
  params: RunParams,
  response: z.object({ groups: z.array(RecordGroup) }),
});
