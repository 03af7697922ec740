import type { Format } from "../format.ts";
import { hasStep, headRows, JsonLinesDecoder } from "../json-lines.ts";
import { decodeUtf8 } from "../utf8.ts";

export const jsonl: Format = {
  id: "jsonl",
  title: "JSON lines with a step",
  growth: "append",
  sniff: (head) => headRows(decodeUtf8(head))?.some(hasStep) ?? false,
  decoder: (context) => new JsonLinesDecoder(context),
};
