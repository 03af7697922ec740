import type { Rejection } from "../model/batch.ts";
import { LogRecord } from "../model/record.ts";

export interface ReadRecords {
  readonly records: readonly LogRecord[];
  readonly rejected: readonly Rejection[];
}

/** Records of untrusted shape; a bad one is refused with its index. `now` fills what the sender left open. */
export function readRecords(
  items: readonly unknown[],
  now: { readonly time: number | null; readonly step: number | null },
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
    records.push({
      ...record,
      time: record.time ?? now.time,
      step: record.step ?? now.step,
      group: record.group === "" ? groupOf(record) : record.group,
    });
  }
  return { records, rejected };
}

/** `{"message": "..."}` is enough to send. */
const Sent = LogRecord.extend({
  time: LogRecord.shape.time.default(null),
  level: LogRecord.shape.level.default("info"),
});

/** The message without what differs each time: numbers, hexadecimal, quoted text. */
const groupOf = ({ message, exception }: LogRecord): string => {
  const last = exception?.trimEnd().split("\n").at(-1) ?? message;
  return last
    .slice(0, 1_000)
    .replaceAll(/0x[0-9a-f]+|\b[0-9a-f]{8,}\b|[-+]?\d+(\.\d+)?(e[-+]?\d+)?/gi, "#")
    .slice(0, 200);
};
