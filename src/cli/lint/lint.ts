import { z } from "zod";
import { AppError } from "../../base/errors.ts";
import type { LintReport } from "../../model/lint.ts";
import { toJson } from "../../model/number.ts";
import type { Invocation } from "../command.ts";
import { parseOptions } from "../options.ts";
import { lintText } from "../terminal/lint-text.ts";
import { progress } from "../terminal/progress.ts";
import { severities } from "../terminal/report-text.ts";
import { lintPaths } from "./lint-paths.ts";

const positive = z.coerce
  .number("must be a whole number above 0")
  .int("must be a whole number above 0")
  .positive("must be a whole number above 0");

const Options = z.object({
  config: z.string().optional(),
  data: z.array(z.string()).default([]),
  evalData: z.array(z.string()).default([]),
  tokenizer: z.string().optional(),
  maxLength: positive.optional(),
  worldSize: positive.optional(),
  failOn: z.enum(["error", "warning", "info", "never"]).default("error"),
  json: z.boolean().default(false),
});

/** `llmdbg lint [path...]`. */
export async function lint({ operands, options: given, terminal }: Invocation): Promise<number> {
  const options = parseOptions(Options, given);
  if (
    operands.length === 0 &&
    options.config === undefined &&
    options.data.length === 0 &&
    options.evalData.length === 0 &&
    options.tokenizer === undefined
  )
    throw new AppError(
      "bad-request",
      "Nothing to lint: give a configuration, a training script, data files or a tokenizer. See `llmdbg lint --help`.",
    );
  const bar = progress("Reading", terminal.errStyle);
  try {
    const report = await lintPaths({
      paths: operands,
      config: options.config,
      data: options.data,
      evalData: options.evalData,
      tokenizer: options.tokenizer,
      maxLength: options.maxLength,
      worldSize: options.worldSize,
      onProgress: bar.at,
    });
    terminal.out(options.json ? `${toJson(report, 2)}\n` : lintText(report, terminal.outStyle));
    return exitStatus(report, options.failOn);
  } finally {
    bar.stop();
  }
}

function exitStatus({ findings }: LintReport, failOn: "error" | "warning" | "info" | "never"): number {
  if (failOn === "never") return 0;
  const counted = severities.slice(0, severities.indexOf(failOn) + 1);
  return findings.some(({ severity }) => counted.includes(severity)) ? 1 : 0;
}
