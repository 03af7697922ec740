import { defineCommand } from "../command.ts";

export const diagnoseCommand = defineCommand({
  id: "diagnose",
  summary: "Say what is wrong in a file, a directory or a stored run, since when, why, and what to change",
  operands: "<path|run>",
  options: [
    [
      "--fail-on <severity>",
      "exit with status 1 on findings at or above this (default: error)",
      ["error", "warning", "info", "never"],
    ],
    ["--dir <directory>", "data directory, for a stored run (default: $LLMDBG_DIR or ~/.llmdbg)"],
  ],
  examples: [
    "llmdbg diagnose outputs/checkpoint-500/trainer_state.json",
    "llmdbg diagnose train.log --json --fail-on warning",
  ],
  load: async () => (await import("../diagnose/diagnose.ts")).diagnose,
});
