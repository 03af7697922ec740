import { defineCommand } from "../command.ts";

export const runCommand = defineCommand({
  id: "run",
  summary: "Run a training command and watch it: curves, log and findings, live",
  operands: "<command...>",
  options: [
    ["--project <name>", "project the run belongs to (default: name of the git repository or directory)"],
    ["--name <name>", "name of the run (default: made from the command)"],
    ["--tag <tag...>", "tag, may be repeated"],
    ["--no-server", "record to files and diagnose in this process"],
    ["--dir <directory>", "data directory (default: $LLMDBG_DIR or ~/.llmdbg)"],
  ],
  examples: [
    "llmdbg run -- python train.py --learning_rate 1e-4",
    "llmdbg run --project translate --tag baseline -- torchrun --nproc-per-node 2 train.py",
  ],
  passThrough: true,
  load: async () => (await import("../run/run.ts")).run,
});
