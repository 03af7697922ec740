import { isObject, parseLiteral } from "../literal.ts";
import type { LiteralObject } from "../literal.ts";
import { numberOf } from "../number-text.ts";
import { levelOf } from "../records/log-prefix.ts";
import { findStepKey, flatRow, stepOf } from "../step-key.ts";
import type { LineParser, Metric, Reading } from "./line-parser.ts";

const metricWord = /loss|acc|learning_rate|\blr\b|grad|reward|perplexity|ppl|entropy|tok/i;

/** A JSON object on a line of its own: metrics when it has a step or a metric's name, else a record. */
export const jsonLine: LineParser = {
  id: "json-line",
  first: "{",
  open:
    () =>
    ({ body }): Reading | undefined => {
      const text = body.trim();
      if (!text.startsWith('{"') || !text.endsWith("}")) return undefined;
      const value = parseLiteral(text);
      return isObject(value) ? (rowReading(flatRow(value)) ?? logReading(value)) : undefined;
    },
};

/** A structured log line: its message and level, whatever the logger calls them. */
function logReading(row: LiteralObject): Reading | undefined {
  const message = row.get("message") ?? row.get("msg") ?? row.get("event");
  const level = row.get("level") ?? row.get("levelname") ?? row.get("severity");
  if (typeof message !== "string") return undefined;
  const known = typeof level === "string" ? levelOf(level) : undefined;
  return { record: message, ...(known === undefined ? {} : { level: known }) };
}

function rowReading(row: LiteralObject): Reading | undefined {
  const key = findStepKey((name) => row.has(name));
  const step = key === undefined ? undefined : stepOf(row.get(key));
  const metrics: Metric[] = [];
  for (const [name, value] of row) {
    if (name === key && name !== "epoch") continue;
    const number = typeof value === "number" ? value : typeof value === "string" ? numberOf(value) : undefined;
    if (number !== undefined) metrics.push([name, number]);
  }
  if (metrics.length === 0 || (step === undefined && !metrics.some(([name]) => metricWord.test(name))))
    return undefined;
  if (step === undefined || !Number.isInteger(step.step)) return { metrics };
  return { metrics, step: step.step };
}
