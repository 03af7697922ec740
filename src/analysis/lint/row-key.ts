import type { Row } from "./row.ts";
import { hashOf, hashOfNumbers, type TextHash } from "./text-hash.ts";

/** What makes a row the same as another: its texts, without ids and other columns beside them. */
export function keyOfRow(row: Row): TextHash {
  if (row.inputIds !== null) return hashOfNumbers(row.inputIds);
  if (row.messages !== null && row.shape === "messages")
    return hashOf([row.tools, ...row.messages.flatMap(({ role, content }) => [role, content])]);
  if (row.shape === "unknown") return hashOf([row.whole()]);
  return hashOf([row.tools, row.prompt, row.answer, ...(row.rejected === null ? [] : [row.rejected])]);
}
