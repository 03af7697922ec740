import { binaryKind } from "../binary.ts";
import type { Format } from "../format.ts";
import { columns } from "./columns.ts";
import { console as consoleFormat } from "./console.ts";
import { csv } from "./csv.ts";
import { jsonl } from "./jsonl.ts";
import { loggingJsonl } from "./logging-jsonl.ts";
import { timedConsole } from "./timed-console.ts";
import { trainerLog } from "./trainer-log.ts";
import { trainerState } from "./trainer-state.ts";

/** Every format, specific first: the first that recognises a file has it. */
export const formats: readonly Format[] = [
  columns,
  trainerState,
  timedConsole,
  trainerLog,
  loggingJsonl,
  jsonl,
  csv,
  consoleFormat,
];

/** The format of a file by how it begins; undefined when there is none (see `refusalOf`). */
export function sniffFormat(head: Uint8Array, name: string): Format | undefined {
  if (refusalOf(head, name) !== undefined) return undefined;
  return formats.find((format) => format.sniff(head, name));
}

/** Why a file can not be read at all, in words for a person; undefined when it can. */
export function refusalOf(head: Uint8Array, name: string): string | undefined {
  if (head.length === 0) return `${name} is empty`;
  const kind = binaryKind(head);
  if (kind === undefined) return undefined;
  return `${name} is ${kind}; llmdbg reads console logs, trainer_state.json, points.json, JSON lines and CSV`;
}
