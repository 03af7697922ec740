import { existsSync } from "node:fs";
import { AppError } from "../../base/errors.ts";
import { RunId } from "../../model/run.ts";

/** Whether an operand names something on disk; if not it must be the id of a stored run. */
export function isPath(operand: string): boolean {
  if (existsSync(operand)) return true;
  if (!RunId.safeParse(operand).success || /\.(jsonl?|csv|log|txt|ndjson)$/i.test(operand))
    throw new AppError(
      "unreadable-input",
      `${operand} does not exist. Give a file, a directory or the id of a stored run.`,
    );
  return false;
}
