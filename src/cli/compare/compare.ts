import { writeFile } from "node:fs/promises";
import { z } from "zod";
import { compareExamples, defaultMetricOptions } from "../../analysis/index.ts";
import { AppError, messageOf } from "../../base/errors.ts";
import type { ExampleComparison } from "../../model/comparison.ts";
import { Task } from "../../model/example.ts";
import { toJson } from "../../model/number.ts";
import type { Invocation } from "../command.ts";
import { gatherExamples, type Gathered } from "../evaluate/gather-examples.ts";
import { parseOptions } from "../options.ts";
import { comparisonText } from "../terminal/comparison-text.ts";
import { progress } from "../terminal/progress.ts";
import { comparisonJunit, comparisonMarkdown } from "./reports.ts";

const Options = z.object({
  references: z.array(z.string()).default([]),
  task: Task.optional(),
  metric: z.string().optional(),
  inputField: z.string().optional(),
  predictionField: z.string().optional(),
  referenceField: z.string().optional(),
  attributes: z.string().optional(),
  tokenize: z.enum(["13a", "zh", "char", "intl", "none"]).default(defaultMetricOptions.tokenize),
  markdown: z.string().optional(),
  junit: z.string().optional(),
  json: z.boolean().default(false),
});

/** Of tests and intervals: the same files give the same answer. */
const seed = 12345;

/** `llmdbg compare <a> <b>`: status 1 when B is significantly worse in the metric that decides. */
export async function compare({ operands, options: given, terminal }: Invocation): Promise<number> {
  const options = parseOptions(Options, given);
  const [pathA = "", pathB = ""] = operands;
  const bar = progress("Reading", terminal.errStyle);
  const gather = (path: string): Promise<Gathered> =>
    gatherExamples({
      path,
      references: options.references,
      sources: undefined,
      train: undefined,
      task: options.task,
      fields: { input: options.inputField, prediction: options.predictionField, reference: options.referenceField },
      attributes: options.attributes === undefined ? null : options.attributes.split(",").map((name) => name.trim()),
      onProgress: bar.at,
    });
  try {
    const a = await gather(pathA);
    const b = await gather(pathB);
    bar.stop();
    if (a.task !== b.task)
      throw new AppError(
        "unreadable-input",
        `${pathA} looks like ${a.task} and ${pathB} like ${b.task}. Say which it is with --task.`,
      );
    const comparison = compareExamples(a.examples, b.examples, {
      task: a.task,
      metric: { ...defaultMetricOptions, tokenize: options.tokenize },
      decideBy: options.metric ?? null,
      names: names(pathA, pathB),
      seed,
    });
    requireSense(comparison, options.metric);
    if (options.markdown !== undefined) await write(options.markdown, comparisonMarkdown(comparison));
    if (options.junit !== undefined) await write(options.junit, comparisonJunit(comparison));
    terminal.out(options.json ? `${toJson(comparison, 2)}\n` : comparisonText(comparison, terminal.outStyle));
    return comparison.verdict === "worse" ? 1 : 0;
  } finally {
    bar.stop();
  }
}

/** Base names, or the whole paths where those are the same. */
function names(a: string, b: string): { a: string; b: string } {
  const base = (path: string): string => path.split(/[\\/]/).at(-1) ?? path;
  return base(a) === base(b) ? { a, b } : { a: base(a), b: base(b) };
}

function requireSense({ common, metrics, a, b }: ExampleComparison, metric: string | undefined): void {
  if (common === 0)
    throw new AppError(
      "unreadable-input",
      `${a.name} and ${b.name} have no example in common: no id is in both. Give both files the same ids, or write both in the same order without ids.`,
    );
  if (metric !== undefined && metrics.every(({ name }) => name !== metric))
    throw new AppError(
      "bad-request",
      `The metric ${metric} cannot be computed here; these can: ${metrics.map(({ name }) => name).join(", ")}.`,
    );
}

async function write(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text);
  } catch (thrown) {
    throw new AppError("bad-request", `${path} cannot be written: ${messageOf(thrown)}`, { cause: thrown });
  }
}
