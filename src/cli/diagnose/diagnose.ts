import { z } from "zod";
import { AppError } from "../../base/errors.ts";
import { toJson } from "../../model/number.ts";
import type { Report } from "../../model/report.ts";
import type { Invocation } from "../command.ts";
import { dataDirectory, parseOptions } from "../options.ts";
import { findInputs } from "../read/find-inputs.ts";
import { readRun, toRunData, type ReadRun } from "../read/read-run.ts";
import { reportText, severities } from "../terminal/report-text.ts";
import { count, plain } from "../terminal/text.ts";
import { diagnoser, localCurve } from "./local-diagnosis.ts";
import { isPath } from "./operand.ts";

const Options = z.object({
  failOn: z.enum(["error", "warning", "info", "never"]).default("error"),
  dir: z.string().optional(),
  json: z.boolean().default(false),
});

/** `llmdbg diagnose <path|run>`. */
export async function diagnose({ operands, options: given, env, terminal }: Invocation): Promise<number> {
  const options = parseOptions(Options, given);
  const [operand = ""] = operands;
  if (isPath(operand)) {
    const run = await readOne(operand);
    requireMetrics(run);
    for (const note of notes(run)) terminal.err(`${note}\n`);
    const data = toRunData(run);
    const report = diagnoser(data)();
    terminal.out(
      options.json
        ? `${toJson(report, 2)}\n`
        : reportText(report, terminal.outStyle, (finding) => localCurve(data, finding)),
    );
    return exitStatus(report, options.failOn);
  }
  // Only a stored run needs the client; a path must stay fast.
  const stored = await import("./stored-run.ts");
  const { connection, run } = await stored.openStoredRun(operand, dataDirectory(options.dir, env), env);
  try {
    const report = await stored.storedReport(connection, run.id);
    if (options.json) terminal.out(`${toJson(report, 2)}\n`);
    else {
      const curveOf = await stored.storedCurves(connection, run.id, report.findings);
      terminal.out(reportText(report, terminal.outStyle, curveOf, stored.runPage(connection, run.id)));
    }
    return exitStatus(report, options.failOn);
  } finally {
    connection.close();
  }
}

async function readOne(path: string): Promise<ReadRun> {
  const inputs = await findInputs(path);
  const [input] = inputs;
  if (input === undefined || inputs.length > 1) {
    const some = inputs.slice(0, 5).map((each) => each.path);
    throw new AppError(
      "bad-request",
      `${path} holds ${inputs.length} runs; diagnose one of them: ${some.join(", ")}${inputs.length > 5 ? ", ..." : ""}. Or store all: llmdbg import ${path}`,
    );
  }
  return readRun(input);
}

/** A recording and a log with an error in it say something without metrics; any other file was given by mistake. */
function requireMetrics(run: ReadRun): void {
  const saysMore = run.recording !== undefined || run.records.some(({ exception }) => exception !== null);
  if (saysMore || run.series.some(({ step }) => step.length > 0)) return;
  throw new AppError(
    "unreadable-input",
    `No metrics in ${run.path}. Read are trainer_state.json, JSON lines and CSV with a step column, console logs of a training, and directories of them (docs/intake/files.md).`,
  );
}

/** What was left out of the reading, a line each. */
export function notes(run: ReadRun): string[] {
  const lines = run.unreadable.map(({ reason }) => `Note: ${plain(reason)}`);
  for (const file of run.files) {
    const [first] = file.rejected;
    if (first === undefined) continue;
    const more = file.rejected.length > 1 ? `, and ${count(file.rejected.length - 1, "more place")}` : "";
    lines.push(`Note: ${plain(file.path)}, line ${first.index}: ${plain(first.reason)}${more}. The rest was read.`);
  }
  if (run.duplicates > 0)
    lines.push(`Note: ${count(run.duplicates, "point")} came twice, from two files, and were taken once.`);
  if (run.late > 0)
    lines.push(`Note: ${count(run.late, "point")} of a second file lie between those of the first and were left out.`);
  return lines;
}

export function exitStatus(report: Report, failOn: "error" | "warning" | "info" | "never"): number {
  if (failOn === "never") return 0;
  const counted = severities.slice(0, severities.indexOf(failOn) + 1);
  return report.findings.some((finding) => counted.includes(finding.severity)) ? 1 : 0;
}
