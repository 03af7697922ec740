import { ConsoleDecoder } from "../console-decoder.ts";
import type { Format } from "../format.ts";
import { isBinary } from "../binary.ts";

/** Any text can be a console, so this format stands last. */
export const console: Format = {
  id: "console",
  title: "console of a training run",
  growth: "append",
  sniff: (head) => head.length > 0 && !isBinary(head),
  decoder: (context) => new ConsoleDecoder(context),
};
