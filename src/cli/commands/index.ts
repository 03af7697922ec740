import type { Command } from "../command.ts";
import { compareCommand } from "./compare.ts";
import { demoCommand } from "./demo.ts";
import { diagnoseCommand } from "./diagnose.ts";
import { doctorCommand } from "./doctor.ts";
import { evaluateCommand } from "./evaluate.ts";
import { importCommand } from "./import.ts";
import { lintCommand } from "./lint.ts";
import { logsCommand } from "./logs.ts";
import { runCommand } from "./run.ts";
import { serveCommand } from "./serve.ts";
import { verifyCommand } from "./verify.ts";

/** In the order of `llmdbg --help`. A test compares this list with the folder. */
export const commands: readonly Command[] = [
  runCommand,
  serveCommand,
  importCommand,
  diagnoseCommand,
  verifyCommand,
  evaluateCommand,
  compareCommand,
  lintCommand,
  logsCommand,
  demoCommand,
  doctorCommand,
];
