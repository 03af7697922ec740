import type { LintContext } from "./check.ts";
import type { Settings } from "./settings.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** Limits that apply where none is set: TRL's SFTConfig and DPOConfig, LLaMA-Factory's cutoff_len. */
const defaults: ReadonlyMap<string, number> = new Map([
  ["trl", 1024],
  ["llama-factory", 2048],
]);

/** The length to which rows are cut: as given, as configured, by default, else what the model's tokenizer says. */
export function maxLengthOf(
  given: number | undefined,
  settings: Settings | null,
  tokenizer: Tokenizer | null,
): LintContext["maxLength"] {
  if (given !== undefined) return { tokens: given, why: "--max-length", where: null };
  const key = settings?.keyOf("max_length");
  if (settings !== null && key !== undefined) {
    const set = settings.number("max_length");
    if (set !== undefined && set > 0) return { tokens: set, why: key, where: settings.where("max_length") };
    const isOff = settings.raw(key) === null || settings.isUnknown("max_length");
    const usual = defaults.get(settings.dialect);
    const isCut = settings.stage === "sft" || settings.stage === "preference";
    if (usual !== undefined && isCut && !isOff && settings.origin !== "run")
      return { tokens: usual, why: `${key} is not set, so ${usual}`, where: { file: settings.file, key } };
    if (settings.raw(key) === null) return null;
  }
  if (tokenizer === null || tokenizer.maxLength === null) return null;
  return {
    tokens: tokenizer.maxLength,
    why: "model_max_length of the tokenizer",
    where: { file: tokenizer.file, key: "model_max_length" },
  };
}
