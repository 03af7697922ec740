import type { Roles } from "../ingest/records/role.ts";
import { template } from "../ingest/records/template.ts";
import { groupOfTraceback, messageOfTraceback } from "../ingest/records/traceback.ts";
import type { Rejection } from "../model/batch.ts";
import { LogRecord } from "../model/record.ts";

export interface ReadRecords {
  readonly records: readonly LogRecord[];
  readonly rejected: readonly Rejection[];
}

/**
 * Records of untrusted shape; a bad one is refused with its index. `now` fills what the sender left open;
 * `roles` knows the run's earlier failures.
 */
export function readRecords(
  items: readonly unknown[],
  now: { readonly time: number | null; readonly step: number | null },
  roles: Roles,
): ReadRecords {
  const records: LogRecord[] = [];
  const rejected: Rejection[] = [];
  for (const [index, item] of items.entries()) {
    const result = Sent.safeParse(item);
    if (!result.success) {
      const [issue] = result.error.issues;
      rejected.push({ index, reason: `${issue?.path.join(".") || "record"}: ${issue?.message ?? "not a record"}` });
      continue;
    }
    const record = result.data;
    const group = record.group === "" ? groupOf(record) : record.group;
    const { message, level, exception } = record;
    records.push({
      ...record,
      time: record.time ?? now.time,
      step: record.step ?? now.step,
      group,
      role: record.role ?? roles.of({ message, level, isException: exception !== null }, group),
    });
  }
  return { records, rejected };
}

/** `{"message": "..."}` is enough to send. */
const Sent = LogRecord.extend({
  time: LogRecord.shape.time.default(null),
  level: LogRecord.shape.level.default("info"),
});

/** Same grouping as for console output, so that both ways in fill one list of groups. */
function groupOf({ message, exception }: LogRecord): string {
  if (exception === null) return template(message);
  const lines = exception.split("\n");
  return groupOfTraceback(lines, messageOfTraceback(lines));
}
