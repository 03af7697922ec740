import { defineCommand } from "../command.ts";

export const importCommand = defineCommand({
  id: "import",
  summary: "Store runs from files: trainer_state.json, JSONL, CSV, console logs, recordings",
  operands: "<path...>",
  options: [
    ["--project <name>", "project the runs belong to (default: the recording's own, or `imported`)"],
    ["--tag <tag...>", "tag, may be repeated"],
    ["--dir <directory>", "data directory (default: $LLMDBG_DIR or ~/.llmdbg)"],
  ],
  examples: ["llmdbg import outputs/", "llmdbg import trainer_state.json logs/train.log --project translate"],
  load: async () => (await import("../import/import.ts")).importRuns,
});
