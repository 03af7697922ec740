/** What tokenizer_config.json, tokenizer.json, special_tokens_map.json and a chat template say that matters before step 0. */
import { isRecord } from "./row.ts";

export interface Tokenizer {
  readonly file: string;
  readonly eos: string | null;
  readonly bos: string | null;
  readonly pad: string | null;
  /** Ids of special tokens by their text, as far as the files say them. */
  readonly ids: ReadonlyMap<string, number>;
  /** Ids at which generation ends, from generation_config.json; null without it. */
  readonly endIds: readonly number[] | null;
  /** Whether encoding puts BOS in front; null when the files do not say. */
  readonly addsBos: boolean | null;
  readonly chatTemplate: string | null;
  /** Null when the files do not say, or say "very large". */
  readonly maxLength: number | null;
  /** Number of ids; null without tokenizer.json. */
  readonly vocabulary: number | null;
}

/** Contents of the files beside each other, parsed; undefined for one that is not there. */
export interface TokenizerFiles {
  readonly file: string;
  readonly config?: unknown;
  readonly tokenizer?: unknown;
  readonly specialTokens?: unknown;
  readonly generation?: unknown;
  readonly template?: string;
}

export function readTokenizer(files: TokenizerFiles): Tokenizer {
  const config = isRecord(files.config) ? files.config : {};
  const special = isRecord(files.specialTokens) ? files.specialTokens : {};
  const model = isRecord(files.tokenizer) ? files.tokenizer : {};
  const token = (name: string): string | null => tokenText(config[name]) ?? tokenText(special[name]);
  const ids = new Map<string, number>();
  const decoder = config["added_tokens_decoder"];
  if (isRecord(decoder))
    for (const [id, added] of Object.entries(decoder)) {
      const text = tokenText(added);
      if (text !== null) ids.set(text, Number(id));
    }
  const added = model["added_tokens"];
  if (Array.isArray(added))
    for (const each of added) {
      const text = tokenText(each);
      if (text !== null && isRecord(each) && typeof each["id"] === "number") ids.set(text, each["id"]);
    }
  const vocabulary = vocabularyOf(model, ids);
  const bos = token("bos_token");
  for (const text of [token("eos_token"), bos, token("pad_token")]) {
    const id = text === null ? undefined : vocabulary.idOf(text);
    if (text !== null && id !== undefined && !ids.has(text)) ids.set(text, id);
  }
  const longest = config["model_max_length"];
  return {
    file: files.file,
    eos: token("eos_token"),
    bos,
    pad: token("pad_token"),
    ids,
    endIds: endIdsOf(files.generation),
    addsBos: addsBosOf(config, model, bos),
    chatTemplate: templateOf(config["chat_template"]) ?? files.template ?? null,
    // Tokenizers without a limit carry 1e30.
    maxLength: typeof longest === "number" && longest > 0 && longest < 1e7 ? longest : null,
    vocabulary: vocabulary.size,
  };
}

function tokenText(value: unknown): string | null {
  if (typeof value === "string") return value;
  return isRecord(value) && typeof value["content"] === "string" ? value["content"] : null;
}

function vocabularyOf(
  model: Readonly<Record<string, unknown>>,
  ids: ReadonlyMap<string, number>,
): { size: number | null; idOf: (text: string) => number | undefined } {
  const inner = isRecord(model["model"]) ? model["model"]["vocab"] : undefined;
  let largest = -1;
  for (const id of ids.values()) largest = Math.max(largest, id);
  if (isRecord(inner)) {
    for (const id of Object.values(inner)) if (typeof id === "number") largest = Math.max(largest, id);
    return {
      size: largest + 1,
      idOf: (text) => {
        const id = Object.hasOwn(inner, text) ? inner[text] : undefined;
        return typeof id === "number" ? id : undefined;
      },
    };
  }
  // Unigram models list [piece, score] in the order of their ids.
  if (Array.isArray(inner)) return { size: Math.max(largest + 1, inner.length), idOf: () => undefined };
  return { size: null, idOf: () => undefined };
}

function endIdsOf(generation: unknown): readonly number[] | null {
  if (!isRecord(generation)) return null;
  const end = generation["eos_token_id"];
  if (typeof end === "number") return [end];
  return Array.isArray(end) ? end.filter((id) => typeof id === "number") : null;
}

/** Either switch or post-processor says it; tokenizer classes with a habit of their own are not guessed. */
function addsBosOf(
  config: Readonly<Record<string, unknown>>,
  model: Readonly<Record<string, unknown>>,
  bos: string | null,
): boolean | null {
  if (typeof config["add_bos_token"] === "boolean") return config["add_bos_token"];
  if (!Object.hasOwn(model, "post_processor")) return null;
  return bos !== null && startsWithSpecial(model["post_processor"], bos);
}

function startsWithSpecial(processor: unknown, bos: string): boolean {
  if (!isRecord(processor)) return false;
  const inner = processor["processors"];
  if (Array.isArray(inner)) return inner.some((each) => startsWithSpecial(each, bos));
  const single = processor["single"];
  const first: unknown = Array.isArray(single) ? single[0] : undefined;
  const special = isRecord(first) ? first["SpecialToken"] : undefined;
  return isRecord(special) && special["id"] === bos;
}

/** A template, or the one named "default" of several. */
function templateOf(value: unknown): string | null {
  if (typeof value === "string") return value;
  if (!Array.isArray(value)) return null;
  const chosen: unknown = value.find((each) => isRecord(each) && each["name"] === "default") ?? value[0];
  return isRecord(chosen) && typeof chosen["template"] === "string" ? chosen["template"] : null;
}

/** Tokens that end a turn in the chat templates of open models. */
export const turnEnds = [
  "<|im_end|>",
  "<|eot_id|>",
  "<|eot|>",
  "<end_of_turn>",
  "<turn|>",
  "<|end|>",
  "<|return|>",
  "</s>",
  "<|endoftext|>",
  "<|eom_id|>",
  "<|END_OF_TURN_TOKEN|>",
  "[eos]",
  "<|end_of_turn|>",
  "<eos>",
  "<｜end▁of▁sentence｜>",
  "<|user|>",
  "<|end_of_text|>",
  "<|im_sep|>",
] as const;
