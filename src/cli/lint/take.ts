/** What each path is: told by its name, and where that is not enough by its first bytes. */
import { open, readFile, stat } from "node:fs/promises";
import { basename, dirname, extname } from "node:path";
import { dialectOf } from "../../analysis/lint/index.ts";
import { AppError, messageOf } from "../../base/errors.ts";
import { refuseUtf16, utf8Text } from "./encoding.ts";
import { readConfig, type ConfigContent } from "./read-settings.ts";
import type { RowFormat } from "./read-rows.ts";

export type Taken =
  | { readonly kind: "configuration"; readonly path: string; readonly dialect: string; readonly content: ConfigContent }
  | { readonly kind: "script"; readonly path: string; readonly text: string }
  | { readonly kind: "dataset list"; readonly path: string; readonly nested: unknown }
  | { readonly kind: "tokenizer"; readonly path: string; readonly directory: string }
  | { readonly kind: "data"; readonly path: string; readonly format: RowFormat }
  | { readonly kind: "not read"; readonly path: string; readonly why: string };

/** A configuration is small; what is larger is data. */
const largestConfig = 4 * 1024 * 1024;
const tokenizerFiles = /^(tokenizer_config\.json|tokenizer\.json|special_tokens_map\.json|generation_config\.json)$/;
const headBytes = 64 * 1024;

export async function take(path: string): Promise<Taken> {
  const info = await stat(path).catch((cause: unknown) => {
    throw new AppError("unreadable-input", `${path} does not exist.`, { cause });
  });
  const name = basename(path);
  if (info.isDirectory()) {
    if (await hasTokenizer(path)) return { kind: "tokenizer", path, directory: path };
    throw new AppError(
      "unreadable-input",
      `${path} is a directory without tokenizer_config.json. Give the configuration and the data files.`,
    );
  }
  if (info.size === 0) throw new AppError("unreadable-input", `${path} is empty.`);
  if (tokenizerFiles.test(name) || name.endsWith(".jinja"))
    return { kind: "tokenizer", path, directory: dirname(path) };
  switch (extname(name).toLowerCase()) {
    case ".jsonl":
    case ".ndjson":
      return { kind: "data", path, format: "jsonl" };
    case ".csv":
    case ".tsv":
      return { kind: "data", path, format: "csv" };
    case ".parquet":
    case ".arrow":
    case ".gz":
    case ".zst":
    case ".bz2":
      return {
        kind: "not read",
        path,
        why: `${extname(name).slice(1)} is not read; export it as JSON lines (datasets: dataset.to_json("train.jsonl"))`,
      };
    case ".py":
      return { kind: "script", path, text: utf8Text(path, await readFile(path)) };
    case ".yaml":
    case ".yml":
      return configuration(path, await readSmall(path, info.size));
    case ".json":
      return takeJson(path, info.size);
    default:
      throw new AppError(
        "unreadable-input",
        `${path}: lint reads YAML, JSON and Python configurations, JSONL, JSON and CSV data, and tokenizer directories.`,
      );
  }
}

export const hasTokenizer = async (directory: string): Promise<boolean> =>
  (
    await Promise.all(
      ["tokenizer_config.json", "tokenizer.json"].map(async (name) =>
        stat(`${directory}/${name}`).then(
          (info) => info.isFile(),
          () => false,
        ),
      ),
    )
  ).some(Boolean);

async function takeJson(path: string, size: number): Promise<Taken> {
  const head = await headOf(path);
  const [first = "", second = ""] = head
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  if (first.startsWith("[")) return { kind: "data", path, format: "json" };
  if (second.startsWith("{") && isObjectText(first)) return { kind: "data", path, format: "jsonl" };
  return configuration(path, await readSmall(path, size));
}

function isObjectText(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null;
  } catch {
    return false;
  }
}

async function headOf(path: string): Promise<string> {
  const file = await open(path, "r");
  try {
    const buffer = Buffer.alloc(headBytes);
    const { bytesRead } = await file.read(buffer, 0, headBytes, 0);
    refuseUtf16(path, buffer.subarray(0, bytesRead));
    return buffer
      .subarray(0, bytesRead)
      .toString("utf8")
      .replace(/^\ufeff/, "");
  } finally {
    await file.close();
  }
}

async function readSmall(path: string, size: number): Promise<string> {
  if (size > largestConfig)
    throw new AppError(
      "unreadable-input",
      `${path} is too large for a configuration (${Math.round(size / 1e6)} MB) and no list of rows. Data are read as JSONL, as a JSON list or as CSV.`,
    );
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new AppError("unreadable-input", `Cannot read ${path}: ${messageOf(cause)}`, { cause });
  });
  return utf8Text(path, bytes);
}

function configuration(path: string, text: string): Taken {
  const content = readConfig(path, text);
  const dialect = dialectOf(content.values);
  if (dialect !== undefined) return { kind: "configuration", path, dialect, content };
  if (isDatasetList(content.nested)) return { kind: "dataset list", path, nested: content.nested };
  throw new AppError(
    "unreadable-input",
    `${path} has no options of Hugging Face, TRL, Axolotl, LLaMA-Factory, torchtune, ms-swift or DeepSpeed, and no rows.`,
  );
}

/** LLaMA-Factory's dataset_info.json. */
export function isDatasetList(value: unknown): value is Readonly<Record<string, Readonly<Record<string, unknown>>>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const entries: unknown[] = Object.values(value);
  return (
    entries.length > 0 &&
    entries.every(
      (entry) =>
        typeof entry === "object" &&
        entry !== null &&
        ["file_name", "hf_hub_url", "ms_hub_url", "script_url", "cloud_file_name"].some((key) => key in entry),
    )
  );
}
