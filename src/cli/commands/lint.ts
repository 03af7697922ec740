import { defineCommand } from "../command.ts";

export const lintCommand = defineCommand({
  id: "lint",
  summary: "Find faults of a configuration, its data and its tokenizer before step 0",
  operands: "[path...]",
  options: [
    ["--config <file>", "configuration or training script (default: told from the paths)"],
    [
      "--data <file...>",
      "training data: JSONL, JSON or CSV (default: told from the paths, or named by the configuration)",
    ],
    ["--eval-data <file...>", "evaluation data"],
    [
      "--tokenizer <directory>",
      "directory with tokenizer_config.json (default: beside the model or the configuration)",
    ],
    ["--max-length <tokens>", "length to which rows are cut (default: what the configuration says)"],
    ["--world-size <devices>", "number of devices that train"],
    [
      "--fail-on <severity>",
      "exit with status 1 on findings at or above this (default: error)",
      ["error", "warning", "info", "never"],
    ],
  ],
  examples: [
    "llmdbg lint sft.yaml",
    "llmdbg lint sft.yaml train.jsonl eval.jsonl --tokenizer ./model --world-size 8",
    "llmdbg lint train.py --fail-on warning --json",
  ],
  load: async () => (await import("../lint/lint.ts")).lint,
});
