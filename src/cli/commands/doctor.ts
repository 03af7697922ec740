import { defineCommand } from "../command.ts";

export const doctorCommand = defineCommand({
  id: "doctor",
  summary: "Check this machine: Node, data directory, server, browser, Python, GPU",
  options: [["--dir <directory>", "data directory (default: $LLMDBG_DIR or ~/.llmdbg)"]],
  examples: ["llmdbg doctor", "llmdbg doctor --json"],
  load: async () => (await import("../doctor/doctor.ts")).doctor,
});
