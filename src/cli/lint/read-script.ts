/**
 * Settings from a Python script without executing it: keyword arguments that are literals, in calls that make
 * training arguments, adapters and models, and the defaults of argparse. Everything else counts as not known.
 */
import type { SettingsSource } from "../../analysis/lint/index.ts";
import { parseLiteral, type Literal } from "../../ingest/literal.ts";
import { flatten, type FlatConfig, type Scalar } from "../../model/config.ts";
import { toWire } from "../../model/number.ts";
import { blankStrings, callsIn, type Argument } from "./python-calls.ts";

/** Calls whose keywords are settings. */
const settingCalls =
  /(^|\.)((SFT|DPO|GRPO|KTO|ORPO|CPO|Reward|RLOO|PPO|OnlineDPO)Config|(\w*)TrainingArguments|LoraConfig|BitsAndBytesConfig|get_peft_model|train_on_responses_only|DataCollatorForCompletionOnlyLM|(SFT)Trainer)$/;
const modelCalls = /(Model\w*|FastLanguageModel|FastModel)\.from_pretrained$/;
/** Keywords of trainers and loaders that are objects, not settings. */
const objects = new Set([
  "model",
  "args",
  "tokenizer",
  "processing_class",
  "train_dataset",
  "eval_dataset",
  "data_collator",
  "callbacks",
  "peft_config",
]);

export interface ScriptContent extends Pick<SettingsSource, "values" | "lines" | "unknown"> {
  /** Null when no such call is in it. */
  readonly dialect: string | null;
  /** Text literals that name files of rows, with the keyword before them. */
  readonly dataFiles: readonly { readonly path: string; readonly name: string }[];
}

export function readScript(text: string): ScriptContent {
  const code = blankStrings(text);
  const constants = constantsOf(text, code);
  const calls = callsIn(text, code);
  const defaults = new Map<string, Literal>();
  for (const { name, args } of calls) {
    if (!name.endsWith(".add_argument")) continue;
    const option = args
      .map((arg) => (arg.key === null ? parseLiteral(arg.text) : undefined))
      .find((flag) => typeof flag === "string" && flag.startsWith("--"));
    const given = args.find(({ key }) => key === "default");
    const value = given === undefined ? undefined : valueOf(given.text);
    if (typeof option === "string" && value !== undefined) defaults.set(option.slice(2).replaceAll("-", "_"), value);
  }
  const values: FlatConfig = flatten({});
  const lines = new Map<string, number>();
  const unknown = new Set<string>();
  let hasArguments = false;
  for (const { name, args } of calls) {
    const isModel = modelCalls.test(name);
    if (!isModel && !settingCalls.test(name)) continue;
    const isArguments = /Config$|TrainingArguments$/.test(name) && !/(LoraConfig|BitsAndBytesConfig)$/.test(name);
    hasArguments ||= isArguments;
    for (const [i, arg] of args.entries()) {
      if (arg.key === "**") {
        if (isArguments) unknown.add("*");
        continue;
      }
      const key = arg.key ?? positional(name, i);
      if (key === null || (objects.has(key) && !(isModel && arg.key === null))) continue;
      set(key === "model" ? "model_name_or_path" : key, arg);
    }
  }
  if (!hasArguments) for (const [key, value] of defaults) if (!(key in values)) store(key, value);
  const isTrl = calls.some(({ name }) =>
    /(^|\.)(SFT|DPO|GRPO|KTO|ORPO|CPO|Reward|RLOO|PPO|OnlineDPO)(Config|Trainer)$/.test(name),
  );
  const known = hasArguments || Object.keys(values).some((key) => /learning_rate|^lr$|batch_size|epochs/.test(key));
  return { values, lines, unknown, dialect: known ? (isTrl ? "trl" : "hf") : null, dataFiles: dataFilesOf(calls) };

  function set(key: string, arg: Argument): void {
    lines.set(key, arg.line);
    const value = valueOf(arg.text);
    if (value === undefined) unknown.add(key);
    else store(key, value);
  }

  function store(key: string, value: Literal): void {
    if (value instanceof Map) {
      for (const [inner, each] of value) if (!(each instanceof Map)) values[`${key}.${inner}`] = scalarOf(each);
    } else values[key] = scalarOf(value);
  }

  /** A literal, a constant of the module, or the default of an option. */
  function valueOf(source: string): Literal | undefined {
    const literal = parseLiteral(source);
    if (literal !== undefined) return literal;
    const option = /^\w*args\.(\w+)$/.exec(source)?.[1];
    if (option !== undefined) return defaults.get(option);
    return constants.get(source);
  }
}

/** First arguments that have a meaning. */
function positional(call: string, index: number): string | null {
  if (index !== 0) return null;
  if (modelCalls.test(call)) return "model";
  return call.endsWith("DataCollatorForCompletionOnlyLM") ? "response_template" : null;
}

function scalarOf(value: Literal): Scalar {
  if (typeof value === "number") return toWire(value);
  return typeof value === "object" && value !== null
    ? JSON.stringify(value instanceof Map ? [...value] : value)
    : value;
}

/** Names of the module that are set once, to a literal. */
function constantsOf(text: string, code: string): ReadonlyMap<string, Literal> {
  const found = new Map<string, Literal>();
  const counts = new Map<string, number>();
  for (const match of code.matchAll(/^[ \t]*([A-Za-z_]\w*)[ \t]*(?::[^=\n]+)?=[ \t]*([^=\n][^\n]*)$/gm)) {
    const [all, name = "", right = ""] = match;
    counts.set(name, (counts.get(name) ?? 0) + 1);
    const from = match.index + all.length - right.length;
    // In `code` a comment is spaces.
    const value = parseLiteral(text.slice(from, from + right.trimEnd().length));
    if (value !== undefined && /^\S/.test(all)) found.set(name, value);
  }
  for (const [name, times] of counts) if (times > 1) found.delete(name);
  return found;
}

function dataFilesOf(calls: ReturnType<typeof callsIn>): { path: string; name: string }[] {
  const files: { path: string; name: string }[] = [];
  for (const { name, args } of calls) {
    if (!/(^|\.)(load_dataset|from_json|from_csv|from_parquet)$/.test(name)) continue;
    for (const arg of args) {
      const value = parseLiteral(arg.text);
      const add = (path: Literal, key: string): void => {
        if (Array.isArray(path)) for (const each of path) add(each, key);
        else if (typeof path === "string" && /\.(jsonl?|ndjson|csv|parquet)$/i.test(path))
          files.push({ path, name: key });
      };
      if (value instanceof Map) for (const [key, each] of value) add(each, key);
      else if (value !== undefined) add(value, "");
    }
  }
  return files;
}
