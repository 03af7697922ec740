import type { DecodedBuilder } from "../decoded-builder.ts";
import type { Format } from "../format.ts";
import { headRows, JsonLinesDecoder } from "../json-lines.ts";
import type { LiteralObject } from "../literal.ts";
import { decodeUtf8 } from "../utf8.ts";

const swiftStep = "global_step/max_steps";
const skip = new Set(["percentage", "elapsed_time", "remaining_time"]);

/** ms-swift's summary lines have no step: what they tell are settings of the finished run. */
function takeSummary(row: LiteralObject, out: DecodedBuilder): boolean {
  const isSummary = [
    "last_model_checkpoint",
    "best_model_checkpoint",
    "train_runtime",
    "train_dataset",
    "model_info",
    "images_dir",
  ];
  return isSummary.some((key) => row.has(key)) && out.dialect === "ms-swift";
}

export const loggingJsonl: Format = {
  id: "logging-jsonl",
  title: "ms-swift logging.jsonl",
  growth: "append",
  sniff: (head) => headRows(decodeUtf8(head))?.some((row) => row.has(swiftStep)) ?? false,
  decoder: (context) => new JsonLinesDecoder(context, { dialect: "ms-swift", skip, takeOther: takeSummary }),
};
