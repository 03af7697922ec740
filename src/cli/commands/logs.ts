import { defineCommand } from "../command.ts";

export const logsCommand = defineCommand({
  id: "logs",
  summary: "Log of a file or a stored run, equal events grouped, root causes first",
  operands: "<path|run>",
  options: [
    ["--level <level>", "least level shown (default: warning)", ["debug", "info", "warning", "error", "critical"]],
    ["--dir <directory>", "data directory, for a stored run (default: $LLMDBG_DIR or ~/.llmdbg)"],
  ],
  examples: ["llmdbg logs train.log", "llmdbg logs swift-otter-3f2a --level info --json"],
  load: async () => (await import("../logs/logs.ts")).logs,
});
