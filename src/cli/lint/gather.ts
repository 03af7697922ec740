/** From paths on the command line to everything that is linted. */
import { stat } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { Settings, type Tokenizer } from "../../analysis/lint/index.ts";
import { AppError } from "../../base/errors.ts";
import type { LintReport } from "../../model/lint.ts";
import { localFile, namedData, namedTokenizer, type NamedData } from "./named-files.ts";
import { readScript } from "./read-script.ts";
import type { RowFormat } from "./read-rows.ts";
import { tokenizerIn } from "./read-tokenizer.ts";
import { take, type Taken } from "./take.ts";

export interface GatherOptions {
  readonly paths: readonly string[];
  readonly config: string | undefined;
  readonly data: readonly string[];
  readonly evalData: readonly string[];
  readonly tokenizer: string | undefined;
}

export interface DataInput extends NamedData {
  readonly format: RowFormat;
  readonly bytes: number;
  readonly from: string | null;
}

type FileNote = LintReport["files"][number];

export interface Gathered {
  readonly settings: Settings | null;
  readonly deepspeed: Settings | null;
  readonly tokenizer: Tokenizer | null;
  /** Training data first. */
  readonly data: readonly DataInput[];
  /** All files but data, whose rows are not counted yet. */
  readonly notes: readonly FileNote[];
}

const evalName = /(^|[^a-z])(eval|evaluation|val|valid|validation|dev|test|holdout)([^a-z]|$)/i;

export async function gather(options: GatherOptions): Promise<Gathered> {
  const taken: { item: Taken; role?: "train" | "eval"; from: string | null }[] = [];
  for (const path of options.paths) taken.push({ item: await take(path), from: null });
  if (options.config !== undefined) taken.push({ item: await take(options.config), from: null });
  for (const path of options.data) taken.push({ item: dataOf(await take(path)), role: "train", from: null });
  for (const path of options.evalData) taken.push({ item: dataOf(await take(path)), role: "eval", from: null });
  const notes: FileNote[] = [];
  const note = (path: string, role: FileNote["role"], rest: Partial<FileNote> = {}): void =>
    void notes.push({ path, role, kind: null, rows: null, from: null, note: null, ...rest });

  let settings: Settings | null = null;
  let deepspeed: Settings | null = null;
  let directory = options.tokenizer;
  let named: NamedData[] = [];
  let tokenizerFrom: string | null = null;
  for (const { item } of taken) {
    if (item.kind === "tokenizer") directory ??= item.directory;
    else if (item.kind === "dataset list") note(item.path, "dataset list", { kind: "llama-factory" });
    else if (item.kind === "not read") note(item.path, "not read", { note: item.why });
    else if (item.kind === "configuration" && item.dialect === "deepspeed") {
      if (deepspeed !== null) throw ambiguous("DeepSpeed configurations", deepspeed.file, item.path);
      deepspeed = settingsOf(item);
      note(item.path, "deepspeed", { kind: "deepspeed" });
    } else if (item.kind === "configuration" || item.kind === "script") {
      if (settings !== null) throw ambiguous("training configurations", settings.file, item.path);
      settings = item.kind === "script" ? scriptSettings(item.path, item.text) : settingsOf(item);
      note(item.path, item.kind, { kind: settings.dialect });
      if (item.kind === "configuration") named = await namedData(item.dialect, item.content.nested, item.path);
      else named = await scriptData(item.path, item.text);
    }
  }
  if (settings !== null) {
    const { file } = settings;
    const other = deepspeed === null ? await localFile(settings.raw("deepspeed"), dirname(file)) : undefined;
    if (other !== undefined && (await stat(other)).isFile()) {
      const item = await take(other);
      if (item.kind === "configuration") {
        deepspeed = settingsOf(item);
        note(other, "deepspeed", { kind: "deepspeed", from: file });
      }
    }
    if (directory === undefined) {
      directory = await namedTokenizer(
        Object.fromEntries([...settings.keys].map((key) => [key, settings.raw(key) ?? null])),
        file,
      );
      if (directory !== undefined) tokenizerFrom = file;
    }
  }
  const data: DataInput[] = [];
  for (const { item, role } of taken)
    if (item.kind === "data") data.push(await input(item, role ?? roleOf(item.path), new Map(), null));
  const isGiven = data.length > 0 || taken.some(({ item }) => item.kind === "not read");
  for (const { path, role, columns } of isGiven ? [] : named) {
    const item = await take(path);
    if (item.kind === "data") data.push(await input(item, role, columns, settings?.file ?? null));
    else if (item.kind === "not read") note(path, "not read", { note: item.why, from: settings?.file ?? null });
  }
  for (const each of data)
    if (data.some((other) => other !== each && resolve(other.path) === resolve(each.path)))
      throw new AppError("bad-request", `${each.path} is given twice.`);
  // A single set of rows is what is trained on, whatever its name.
  const isOnlyEval = data.length > 0 && data.every(({ role }) => role === "eval") && options.evalData.length === 0;
  const sorted = data
    .map((each) => (isOnlyEval && each.from === null ? { ...each, role: "train" as const } : each))
    .toSorted((a, b) => Number(a.role === "eval") - Number(b.role === "eval"));
  const tokenizer = directory === undefined ? null : await tokenizerIn(directory);
  if (tokenizer !== null)
    note(tokenizer.file, "tokenizer", {
      kind: tokenizer.chatTemplate === null ? "no chat template" : "with chat template",
      from: tokenizerFrom,
    });
  // DeepSpeed alone is the configuration: it has a learning rate and a warm-up of its own.
  return { settings: settings ?? deepspeed, deepspeed, tokenizer, data: sorted, notes };
}

const ambiguous = (what: string, first: string, second: string): AppError =>
  new AppError("bad-request", `${first} and ${second} are both ${what}; lint them one after the other.`);

function dataOf(item: Taken): Taken {
  if (item.kind === "data" || item.kind === "not read") return item;
  throw new AppError(
    "bad-request",
    `${item.path} is no data but a ${item.kind}. Data are read as JSONL, as a JSON list or as CSV.`,
  );
}

const roleOf = (path: string): "train" | "eval" =>
  evalName.test(basename(path)) && !/train/i.test(basename(path)) ? "eval" : "train";

async function input(
  item: Extract<Taken, { kind: "data" }>,
  role: "train" | "eval",
  columns: NamedData["columns"],
  from: string | null,
): Promise<DataInput> {
  return { path: item.path, role, columns, format: item.format, bytes: (await stat(item.path)).size, from };
}

const settingsOf = (item: Extract<Taken, { kind: "configuration" }>): Settings =>
  new Settings({ file: item.path, dialect: item.dialect, origin: "file", ...item.content });

function scriptSettings(path: string, text: string): Settings {
  const { dialect, dataFiles: _files, ...content } = readScript(text);
  if (dialect === null)
    throw new AppError(
      "unreadable-input",
      `${path} makes no training arguments that lint knows (TrainingArguments, SFTConfig, DPOConfig, GRPOConfig ..., or argparse).`,
    );
  return new Settings({ file: path, dialect, origin: "script", text, ...content });
}

async function scriptData(path: string, text: string): Promise<NamedData[]> {
  const found: NamedData[] = [];
  for (const { path: name, name: split } of readScript(text).dataFiles) {
    const file = await localFile(name, dirname(path));
    const isEval = split === "" ? roleOf(name) === "eval" : evalName.test(split);
    if (file !== undefined && !found.some((known) => resolve(known.path) === resolve(file)))
      found.push({ path: file, role: isEval ? "eval" : "train", columns: new Map() });
  }
  return found;
}
