import { resolve } from "node:path";
import { z } from "zod";
import { directionOf, verifyRuns, type JudgedRun, type VerifyOptions } from "../../analysis/index.ts";
import { AppError } from "../../base/errors.ts";
import { toJson } from "../../model/number.ts";
import type { Verdict } from "../../model/verification.ts";
import type { Invocation } from "../command.ts";
import { dataDirectory, parseOptions } from "../options.ts";
import { judgedRuns } from "./judged-runs.ts";
import { verificationText } from "./verification-text.ts";

const Options = z.object({
  against: z.array(z.string()).min(1, "name the runs after the change").default([]),
  metric: z.string().min(1).optional(),
  better: z.enum(["lower", "higher"]).optional(),
  at: z
    .string()
    .regex(/^(end|\d+)$/, "give a step or `end`")
    .transform((at) => (at === "end" ? "end" : Number(at)))
    .optional(),
  failOn: z.enum(["did-not-help", "not-shown", "never"]).default("never"),
  dir: z.string().optional(),
  json: z.boolean().default(false),
});

/** `llmdbg verify <before...> --against <after...>`. */
export async function verify({ operands, options: given, env, terminal }: Invocation): Promise<number> {
  const options = parseOptions(Options, given);
  if (options.against.length === 0)
    throw new AppError("bad-request", "Name the runs after the change: llmdbg verify <before...> --against <after...>");
  const directory = dataDirectory(options.dir, env);
  const before = await judgedRuns(operands, directory, env, options.metric);
  const after = await judgedRuns(options.against, directory, env, options.metric);
  requireTwoSides(before, after);
  const choices: VerifyOptions = { metric: options.metric, better: options.better, at: options.at };
  requireMetric(choices, [...before, ...after]);
  const verification = verifyRuns(before, after, choices);
  terminal.out(options.json ? `${toJson(verification, 2)}\n` : verificationText(verification, terminal.outStyle));
  return exitStatus(verification.verdict, options.failOn);
}

function requireTwoSides(before: readonly JudgedRun[], after: readonly JudgedRun[]): void {
  const identity = ({ id, name }: JudgedRun): string => id ?? resolve(name);
  const known = new Set(before.map(identity));
  const twice = after.find((run) => known.has(identity(run)));
  if (twice !== undefined)
    throw new AppError(
      "bad-request",
      `${twice.name} is on both sides. Give the runs before the change first, the others after --against.`,
    );
}

function requireMetric({ metric, better }: VerifyOptions, runs: Awaited<ReturnType<typeof judgedRuns>>): void {
  if (metric === undefined) return;
  const series = runs.map(({ data }) => [...data.series].map(({ id }) => id));
  if (series.every((ids) => !ids.includes(metric))) {
    const some = worthNaming(series.flat());
    throw new AppError("bad-request", `No run has the metric ${metric}. They have ${some.join(", ")}.`);
  }
  if (better === undefined && directionOf(metric) === undefined)
    throw new AppError(
      "bad-request",
      `Whether a lower or a higher ${metric} is better cannot be told from its name. Say it with --better lower or --better higher.`,
    );
}

/** Losses and what is evaluated first; statistics of layers are no metrics of a run. */
function worthNaming(series: readonly string[]): string[] {
  const order = (id: string): number => (/loss/i.test(id) ? 0 : directionOf(id) === undefined ? 2 : 1);
  return [...new Set(series)]
    .filter((id) => !id.startsWith("layer/"))
    .sort((a, b) => order(a) - order(b) || (a < b ? -1 : 1))
    .slice(0, 12);
}

function exitStatus(verdict: Verdict, failOn: z.infer<typeof Options>["failOn"]): number {
  if (failOn === "never" || verdict === "helped") return 0;
  return verdict === "did-not-help" || failOn === "not-shown" ? 1 : 0;
}
