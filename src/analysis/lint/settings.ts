import type { FlatConfig, Scalar } from "../../model/config.ts";
import type { Advice, Change } from "../../model/finding.ts";
import type { LintWhere } from "../../model/lint.ts";
import { fromWire } from "../../model/number.ts";
import { spellingsOf, type LintOption } from "./option-names.ts";

export interface SettingsSource {
  readonly file: string;
  /** Id of a dialect; "hf" for what nothing else is known of. */
  readonly dialect: string;
  readonly values: FlatConfig;
  /** Line of each key, from 1. */
  readonly lines?: ReadonlyMap<string, number>;
  /** Keys that are set to something that cannot be known without executing the script. */
  readonly unknown?: ReadonlySet<string>;
  /** A script may set things elsewhere, and a run reports defaults too: then a missing key says nothing. */
  readonly origin: "file" | "script" | "run";
  /** Of a script: its text, for what is said in code and not in options. */
  readonly text?: string;
  /** Keys that stand more than once in their mapping; the last one counts. */
  readonly repeated?: readonly { readonly key: string; readonly line: number }[];
}

export type Stage = "sft" | "pretrain" | "preference" | "rl" | "reward";

/** The options of one configuration under names of our own, whatever the trainer calls them. */
export class Settings {
  readonly file: string;
  readonly dialect: string;
  readonly origin: SettingsSource["origin"];
  readonly text: string;
  readonly repeated: NonNullable<SettingsSource["repeated"]>;
  readonly #values: ReadonlyMap<string, Scalar>;
  readonly #lines: ReadonlyMap<string, number>;
  readonly #unknown: ReadonlySet<string>;

  constructor(source: SettingsSource) {
    this.file = source.file;
    this.dialect = source.dialect;
    this.origin = source.origin;
    this.text = source.text ?? "";
    this.repeated = source.repeated ?? [];
    this.#values = new Map(Object.entries(source.values));
    this.#lines = source.lines ?? new Map();
    this.#unknown = source.unknown ?? new Set();
  }

  get keys(): IterableIterator<string> {
    return this.#values.keys();
  }

  /** The value under a literal key, for what only one trainer has. */
  raw(key: string): Scalar | undefined {
    return this.#values.get(key);
  }

  /** The key as the user wrote it, or would write it; undefined when the trainer has no such option. */
  keyOf(option: LintOption): string | undefined {
    const spellings = spellingsOf(option, this.dialect);
    return spellings.find((key) => this.#values.has(key) || this.#unknown.has(key)) ?? spellings[0];
  }

  /** Set to null counts as not set, as trainers read it. */
  value(option: LintOption): Scalar | undefined {
    const key = this.keyOf(option);
    const value = key === undefined ? undefined : this.#values.get(key);
    return value === null || value === "" ? undefined : value;
  }

  number(option: LintOption): number | undefined {
    return asNumber(this.value(option));
  }

  word(option: LintOption): string | undefined {
    const value = this.value(option);
    return value === undefined ? undefined : String(value);
  }

  flag(option: LintOption): boolean | undefined {
    const value = this.value(option);
    if (value === true || value === "true" || value === "True" || value === 1) return true;
    if (value === false || value === "false" || value === "False" || value === 0) return false;
    return undefined;
  }

  /** Lists are kept as JSON text in flat configurations. */
  list(option: LintOption): readonly string[] | undefined {
    const value = this.value(option);
    if (typeof value !== "string") return undefined;
    if (!value.startsWith("[")) return value.split(",").map((item) => item.trim());
    try {
      const parsed: unknown = JSON.parse(value);
      return Array.isArray(parsed) ? parsed.map(String) : undefined;
    } catch {
      return undefined;
    }
  }

  /** Whether it is set to something that cannot be known; a script that passes `**options` may set anything. */
  isUnknown(option: LintOption): boolean {
    const key = this.keyOf(option);
    return key !== undefined && !this.#values.has(key) && (this.#unknown.has(key) || this.#unknown.has("*"));
  }

  where(option: LintOption): LintWhere {
    const key = this.keyOf(option);
    return key === undefined ? { file: this.file } : this.whereKey(key);
  }

  whereKey(key: string): LintWhere {
    const line = this.#lines.get(key);
    return { file: this.file, ...(line === undefined ? {} : { line }), key };
  }

  change(option: LintOption, to: Scalar): Change {
    return { key: this.keyOf(option) ?? option, from: this.value(option) ?? null, to };
  }

  advice(advice: Omit<Advice, "dialect">): Advice {
    return { ...advice, dialect: this.dialect };
  }

  /** Optimizer steps of a whole run when they are configured outright. */
  get maxSteps(): number | undefined {
    // torchtune's is per epoch; Hugging Face writes -1 for none.
    const steps = this.number("max_steps");
    if (steps === undefined || steps <= 0) return undefined;
    return this.dialect === "torchtune" ? steps * (this.number("epochs") ?? 1) : steps;
  }

  /** Rows of one optimizer step on one device; undefined when the configuration does not say. */
  get rowsPerDeviceStep(): number | undefined {
    const batch = this.number("batch_size") ?? (this.#hasDefaults && !this.isUnknown("batch_size") ? 8 : undefined);
    const accumulation =
      this.number("gradient_accumulation_steps") ?? (this.isUnknown("gradient_accumulation_steps") ? undefined : 1);
    return batch === undefined || accumulation === undefined ? undefined : batch * accumulation;
  }

  /** Hugging Face's own defaults apply (`per_device_train_batch_size` 8). */
  get #hasDefaults(): boolean {
    return ["hf", "trl", "llama-factory"].includes(this.dialect) && this.origin !== "run";
  }

  /** Whether adapters are trained instead of all weights; undefined when that cannot be told. */
  get isLora(): boolean | undefined {
    if (this.isUnknown("adapter")) return undefined;
    const adapter = this.word("adapter")?.toLowerCase();
    const hasRank = this.number("lora_r") !== undefined || this.isUnknown("lora_r");
    switch (this.dialect) {
      case "axolotl":
        if (adapter === "lora" || adapter === "qlora") return true;
        // Part of the weights is neither.
        return this.value("unfrozen") === undefined ? false : undefined;
      case "llama-factory":
        // LoRA is LLaMA-Factory's default; `freeze` and `oft` are neither.
        if (adapter === undefined || adapter === "lora") return true;
        return adapter === "full" ? false : undefined;
      case "ms-swift":
        return adapter === undefined ? undefined : adapter === "lora";
      case "torchtune":
        return hasRank;
      default:
        if (hasRank && adapter !== "false") return true;
        if (adapter !== undefined) return adapter === "true";
        if (this.origin === "file") return false;
        if (this.origin === "script") return /peft|lora/i.test(this.text) ? undefined : false;
        return undefined;
    }
  }

  get stage(): Stage | undefined {
    const said = this.word("stage")?.toLowerCase();
    if (this.dialect === "llama-factory")
      return said === "pt"
        ? "pretrain"
        : said === "sft"
          ? "sft"
          : said === "rm"
            ? "reward"
            : said === "ppo"
              ? "rl"
              : said === undefined
                ? undefined
                : "preference";
    if (this.dialect === "axolotl") return said === undefined ? "sft" : /grpo|gdpo/.test(said) ? "rl" : "preference";
    if (this.dialect === "torchtune") return "sft";
    if (this.number("num_generations") !== undefined) return "rl";
    const trainer = /\b(SFT|DPO|ORPO|CPO|KTO|Reward|GRPO|RLOO|PPO)(?:Config|Trainer)\b/.exec(this.text)?.[1];
    if (trainer === "SFT") return "sft";
    if (trainer === "Reward") return "reward";
    if (trainer === "GRPO" || trainer === "RLOO" || trainer === "PPO") return "rl";
    if (trainer !== undefined || (this.dialect === "trl" && this.number("beta") !== undefined)) return "preference";
    return this.dialect === "trl" ? "sft" : undefined;
  }

  /** Billions of parameters, from the model's name. */
  get billions(): number | undefined {
    const name = this.word("model") ?? "";
    const experts = /(\d+)x(\d+(?:\.\d+)?)b\b/i.exec(name);
    if (experts !== null) return Number(experts[1]) * Number(experts[2]);
    const billions = /(?:^|[-_/. ])(\d+(?:[._]\d+)?)b(?![a-z])/i.exec(name);
    if (billions !== null) return Number(String(billions[1]).replace("_", "."));
    const millions = /(?:^|[-_/. ])(\d+)m(?![a-z])/i.exec(name);
    return millions === null ? undefined : Number(millions[1]) / 1000;
  }
}

export function asNumber(value: Scalar | undefined): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value !== "string" || value.trim() === "") return undefined;
  const parsed = fromWire(value) ?? Number(value.replaceAll("_", ""));
  return Number.isNaN(parsed) ? undefined : parsed;
}
