/** Files that a configuration names: data, DeepSpeed's configuration, the model with its tokenizer. Only local ones that exist. */
import { readFile, stat } from "node:fs/promises";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { isRecord } from "../../analysis/lint/index.ts";
import type { FlatConfig } from "../../model/config.ts";
import { hasTokenizer, isDatasetList } from "./take.ts";

export interface NamedData {
  readonly path: string;
  readonly role: "train" | "eval";
  /** Columns under other names than the usual ones: theirs -> ours. */
  readonly columns: ReadonlyMap<string, string>;
}

const isData = /\.(jsonl?|ndjson|csv|tsv|parquet|arrow)$/i;

/** The path as it is reached from the configuration's directory or from here; undefined when no such file is there. */
export async function localFile(name: unknown, base: string): Promise<string | undefined> {
  if (typeof name !== "string" || name === "" || name.includes("\0") || /^\w+:\/\//.test(name)) return undefined;
  for (const path of isAbsolute(name) ? [name] : [join(base, name), name]) {
    const info = await stat(path).catch(() => undefined);
    if (info?.isFile() === true || info?.isDirectory() === true) return path;
  }
  return undefined;
}

/** Data files of a configuration, in the dialect's own way to name them. */
export async function namedData(dialect: string, nested: unknown, path: string): Promise<NamedData[]> {
  if (!isRecord(nested)) return [];
  const base = dirname(path);
  const found: NamedData[] = [];
  const add = async (
    name: unknown,
    role: NamedData["role"],
    columns: ReadonlyMap<string, string> = new Map(),
  ): Promise<void> => {
    for (const each of Array.isArray(name) ? name : [name]) {
      const file = typeof each === "string" && isData.test(each) ? await localFile(each, base) : undefined;
      if (file !== undefined && !found.some((known) => resolve(known.path) === resolve(file)))
        found.push({ path: file, role, columns });
    }
  };
  if (dialect === "llama-factory") return llamaFactoryData(nested, base);
  for (const [key, role] of [
    ["datasets", "train"],
    ["test_datasets", "eval"],
    ["dataset", "train"],
    ["dataset_validation", "eval"],
    ["dataset_val", "eval"],
  ] as const) {
    const value = nested[key];
    for (const each of Array.isArray(value) ? value : [value]) {
      if (!isRecord(each)) {
        await add(each, role);
        continue;
      }
      const field = each["field_messages"];
      const columns = new Map(typeof field === "string" ? [[field, "messages"]] : []);
      await add(each["path"], role, columns);
      await add(each["data_files"], role, columns);
      await add(each["source"], role, columns);
    }
  }
  for (const key of ["train_file", "dataset_name", "data_path", "train_data", "train_dataset", "data_files"])
    await add(nested[key], "train");
  for (const key of ["validation_file", "eval_file", "val_dataset", "eval_data", "eval_dataset", "test_file"])
    await add(nested[key], "eval");
  return found;
}

const ours: readonly (readonly [theirs: string, ours: string])[] = [
  ["prompt", "instruction"],
  ["query", "input"],
  ["response", "output"],
  ["messages", "messages"],
  ["system", "system"],
  ["chosen", "chosen"],
  ["rejected", "rejected"],
];

async function llamaFactoryData(nested: Readonly<Record<string, unknown>>, base: string): Promise<NamedData[]> {
  const directory = await localFile(nested["dataset_dir"] ?? "data", base);
  if (directory === undefined) return [];
  const text = await readFile(join(directory, "dataset_info.json"), "utf8").catch(() => undefined);
  const list: unknown = text === undefined ? undefined : parsed(text);
  if (!isDatasetList(list)) return [];
  const found: NamedData[] = [];
  for (const [key, role] of [
    ["dataset", "train"],
    ["eval_dataset", "eval"],
  ] as const) {
    const value = nested[key];
    const names = typeof value === "string" ? value.split(",") : Array.isArray(value) ? value.map(String) : [];
    for (const name of names) {
      const entry = Object.hasOwn(list, name.trim()) ? list[name.trim()] : undefined;
      const file = await localFile(entry?.["file_name"], directory);
      if (entry === undefined || file === undefined || !isData.test(file)) continue;
      const columns = entry["columns"];
      // Text to continue is named by `prompt` too.
      const isText = nested["stage"] === "pt";
      const renamed = isRecord(columns)
        ? ours.flatMap(([theirs, our]) => {
            const name = columns[theirs];
            return typeof name === "string" ? [[name, isText && theirs === "prompt" ? "text" : our] as const] : [];
          })
        : [];
      found.push({ path: file, role, columns: new Map(renamed) });
    }
  }
  return found;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // LLaMA-Factory will complain about its own list.
    return undefined;
  }
}

/** The directory of the tokenizer that a configuration means, when it is here. */
export async function namedTokenizer(values: FlatConfig, path: string): Promise<string | undefined> {
  const base = dirname(path);
  for (const key of [
    "tokenizer_config",
    "tokenizer_name_or_path",
    "tokenizer_name",
    "tokenizer.path",
    "model_name_or_path",
    "base_model",
    "model_name",
    "model",
    "checkpointer.checkpoint_dir",
  ]) {
    const file = await localFile(values[key], base);
    if (file === undefined) continue;
    const directory = (await stat(file)).isDirectory() ? file : dirname(file);
    if (await hasTokenizer(directory)) return directory;
  }
  return (await hasTokenizer(base)) ? base : undefined;
}
