import { defineCommand } from "../command.ts";

export const verifyCommand = defineCommand({
  id: "verify",
  summary: "Say whether a change helped: runs before it against runs after it, over several seeds",
  operands: "<before...>",
  options: [
    ["--against <after...>", "the runs after the change: files, directories or ids of stored runs"],
    [
      "--metric <series>",
      "the metric that decides (default: of the fault, else eval loss, eval metric, training loss)",
    ],
    [
      "--better <direction>",
      "which direction of the metric is better, where its name does not say",
      ["lower", "higher"],
    ],
    ["--at <step>", "compare at this step, or at each run's `end` (default: the last step that all runs reached)"],
    [
      "--fail-on <verdict>",
      "exit with status 1 on this verdict or a worse one (default: never)",
      ["did-not-help", "not-shown", "never"],
    ],
    ["--dir <directory>", "data directory, for stored runs (default: $LLMDBG_DIR or ~/.llmdbg)"],
  ],
  examples: [
    "llmdbg verify runs/before-seed* --against runs/after-seed*",
    "llmdbg verify train-09abfb --against train-5c21d0 --metric eval_loss --json",
  ],
  load: async () => (await import("../verify/verify.ts")).verify,
});
