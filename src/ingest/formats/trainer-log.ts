import type { Format } from "../format.ts";
import { headRows, JsonLinesDecoder } from "../json-lines.ts";
import { decodeUtf8 } from "../utf8.ts";

// src/llamafactory/train/callbacks.py, LogCallback.on_log.
const skip = new Set(["total_steps", "percentage", "elapsed_time", "remaining_time"]);

export const trainerLog: Format = {
  id: "trainer-log",
  title: "LLaMA-Factory trainer_log.jsonl",
  growth: "append",
  sniff: (head) =>
    headRows(decodeUtf8(head))?.some((row) => row.has("current_steps") && row.has("total_steps")) ?? false,
  decoder: (context) =>
    new JsonLinesDecoder(context, {
      dialect: "llama-factory",
      skip,
      config: new Map([["total_steps", "max_steps"]]),
    }),
};
