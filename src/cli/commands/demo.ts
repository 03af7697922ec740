import { defineCommand } from "../command.ts";

export const demoCommand = defineCommand({
  id: "demo",
  summary: "Show llmdbg on recorded runs and replay a faulty one live",
  options: [
    ["--story <name>", "recording to replay (default: one whose learning rate is too high)"],
    ["--speed <factor>", "how many times faster than it happened (default: 8)"],
    ["--no-open", "do not open the browser"],
    ["--once", "end after the replay instead of serving until Ctrl-C"],
    ["--port <number>", "port (default: 7337, or the next free one)"],
    ["--dir <directory>", "data directory of the demo (default: `demo` inside $LLMDBG_DIR or ~/.llmdbg)"],
  ],
  examples: ["llmdbg demo", "llmdbg demo --speed 20 --no-open --once"],
  load: async () => (await import("../demo/demo.ts")).demo,
});
