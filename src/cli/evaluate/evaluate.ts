import { basename } from "node:path";
import { z } from "zod";
import { defaultMetricOptions, evaluate } from "../../analysis/index.ts";
import type { Evaluation } from "../../model/evaluation.ts";
import { Task } from "../../model/example.ts";
import { toJson } from "../../model/number.ts";
import { requireServer } from "../client/locate.ts";
import type { Invocation } from "../command.ts";
import { dataDirectory, parseOptions } from "../options.ts";
import { evaluationText } from "../terminal/evaluation-text.ts";
import { progress } from "../terminal/progress.ts";
import { severities } from "../terminal/report-text.ts";
import { gatherExamples } from "./gather-examples.ts";
import { storeEvaluation } from "./store-evaluation.ts";

const Options = z.object({
  references: z.array(z.string()).default([]),
  sources: z.string().optional(),
  train: z.string().optional(),
  task: Task.optional(),
  inputField: z.string().optional(),
  predictionField: z.string().optional(),
  referenceField: z.string().optional(),
  attributes: z.string().optional(),
  positive: z.string().optional(),
  tokenize: z.enum(["13a", "zh", "char", "intl", "none"]).default(defaultMetricOptions.tokenize),
  lowercase: z.boolean().default(false),
  failOn: z.enum(["error", "warning", "info", "never"]).default("error"),
  store: z.boolean().default(false),
  project: z.string().min(1).max(256).default("evaluations"),
  name: z.string().min(1).max(512).optional(),
  dir: z.string().optional(),
  json: z.boolean().default(false),
});

/** Seed of intervals and of the split into halves: the same file gives the same answer. */
const seed = 12345;

/** `llmdbg evaluate <predictions>`. */
export async function evaluateCommandLine({ operands, options: given, env, terminal }: Invocation): Promise<number> {
  const options = parseOptions(Options, given);
  const path = operands[0] ?? "";
  const bar = progress("Reading", terminal.errStyle);
  try {
    const { examples, task, read, trainingInputs } = await gatherExamples({
      path,
      references: options.references,
      sources: options.sources,
      train: options.train,
      task: options.task,
      fields: { input: options.inputField, prediction: options.predictionField, reference: options.referenceField },
      attributes: options.attributes === undefined ? null : options.attributes.split(",").map((name) => name.trim()),
      onProgress: bar.at,
    });
    bar.stop();
    const { tokenize, lowercase, positive = null } = options;
    const metric = { ...defaultMetricOptions, tokenize, lowercase, positive };
    const evaluation = evaluate(examples, { task, read, trainingInputs, seed, metric });
    terminal.out(options.json ? `${toJson(evaluation, 2)}\n` : evaluationText(evaluation, examples, terminal.outStyle));
    if (options.store) {
      const connection = await requireServer(dataDirectory(options.dir, env), env);
      try {
        const as = { project: options.project, name: options.name ?? basename(path) };
        const page = await storeEvaluation(connection, evaluation, { examples, metric }, as);
        (options.json ? terminal.err : terminal.out)(`Stored with its examples: ${page}\n`);
      } finally {
        connection.close();
      }
    }
    return exitStatus(evaluation, options.failOn);
  } finally {
    bar.stop();
  }
}

function exitStatus({ dataFaults }: Evaluation, failOn: "error" | "warning" | "info" | "never"): number {
  if (failOn === "never") return 0;
  const counted = severities.slice(0, severities.indexOf(failOn) + 1);
  return dataFaults.some(({ severity }) => counted.includes(severity)) ? 1 : 0;
}
