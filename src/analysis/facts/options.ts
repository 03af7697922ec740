import { fromWire } from "../../model/number.ts";
import type { Scalar } from "../../model/config.ts";
import type { Change } from "../../model/finding.ts";
import { dialects } from "../dialects/index.ts";
import { type Dialect, nameOf, type OptionId, optionIds } from "../dialects/dialect.ts";
import { plain } from "../dialects/plain.ts";
import { defineFact, type Fact, type RunView } from "../fact.ts";
import { settingsIn } from "../names/settings.ts";
import { evalMetric } from "../signals.ts";
import { logLines } from "./log-lines.ts";
import { rewardModelling } from "./trainer.ts";

/** The settings of the run and how its user spells them. Always present. */
export interface Options {
  /** Null when the trainer is not known; names are then the canonical ones. */
  readonly dialect: string | null;
  readonly source: string;
  /** The configured number; undefined when not configured or not a number. */
  number(option: OptionId): number | undefined;
  /** Whether the user's trainer has this option; of an unknown trainer anything is supposed. */
  has(option: OptionId): boolean;
  /** The setting under the user's name; `observed` stands for `from` when the configuration does not have it. */
  change(option: OptionId, to: Scalar, observed?: number): Change;
}

export const options = defineFact<Options>({
  id: "configuration",
  derive(run) {
    const id = run.info().dialect;
    const known = dialects.find((candidate) => candidate.id === id);
    const dialect = known ?? plain;
    // Looked up now: a fact may read the run only while it is derived.
    const spelled = new Map(optionIds.map((option) => [option, run.config(...spellings(option, dialect))]));
    // What no trainer spells so is known by its words.
    const byWords = new Map([...settingsIn(run.configKeys())].filter(([option]) => spelled.get(option) === undefined));
    const configured = new Map(spelled);
    for (const [option, key] of byWords) configured.set(option, run.config(key));
    return {
      dialect: known?.id ?? null,
      source: dialect.source,
      has: (option) => known === undefined || known.options[option] !== undefined,
      number: (option) => asNumber(configured.get(option)),
      change(option, to, observed) {
        const { key, spell = (value: Scalar) => value } = nameOf(dialect, option);
        const from = configured.get(option) ?? observed ?? null;
        // A script of one's own reads its own key.
        const own = known === undefined ? byWords.get(option) : undefined;
        return { key: own ?? key, from: asNumber(from) ?? from, to: spell(to) };
      },
    };
  },
});

/** The dialect's own spellings first, then everyone's: people log `lr` from every trainer. */
function spellings(option: OptionId, dialect: Dialect): readonly string[] {
  return [...new Set([...keysOf(option, dialect), ...(everyones.get(option) ?? [])])];
}

const keysOf = (option: OptionId, dialect: Dialect): string[] => {
  const name = nameOf(dialect, option);
  return [name.key, ...(name.also ?? [])];
};

const everyones: ReadonlyMap<OptionId, readonly string[]> = new Map(
  optionIds.map((option) => [
    option,
    [...new Set([plain, ...dialects].flatMap((candidate) => keysOf(option, candidate)))],
  ]),
);

function asNumber(value: Scalar | undefined): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value !== "string" || value.trim() === "") return undefined;
  const parsed = fromWire(value) ?? Number(value);
  return Number.isNaN(parsed) ? undefined : parsed;
}

const numberAt =
  (...keys: readonly string[]) =>
  (run: RunView): number | undefined =>
    asNumber(run.config(...keys));

const configuredVocabulary = numberAt(
  "vocab_size",
  "vocabulary_size",
  "padded_vocab_size",
  "n_vocab",
  "model.vocab_size",
);

const configuredClasses = numberAt("num_labels", "num_classes", "n_classes", "n_labels", "classes");

/** Number of tokens or classes the output layer chooses from, as configured or as a line of the log says. */
export const vocabularySize: Fact<number> = defineFact({
  id: "vocab_size or number of classes",
  derive(run, get) {
    // A model of rewards reads a vocabulary, and chooses between two answers.
    if (get(rewardModelling) === true) return undefined;
    // A classifier built on a language model has both; its loss is over the classes, as its accuracy says.
    const classes = configuredClasses(run);
    if (classes !== undefined && run.series(evalMetric).some(({ name }) => /acc(uracy)?$/i.test(name))) return classes;
    return configuredVocabulary(run) ?? get(logLines)?.vocabulary ?? classes;
  },
});

export type Precision = "fp16" | "bf16" | "fp32";
const precisionKeys = ["precision", "dtype", "torch_dtype", "mixed_precision", "compute_type", "training.dtype"];

export const precision: Fact<Precision> = defineFact({
  id: "precision",
  derive(run) {
    const isOn = (...keys: readonly string[]): boolean => {
      const value = run.config(...keys);
      return value === true || value === "true" || value === "True";
    };
    if (isOn("fp16", "fp16.enabled")) return "fp16";
    if (isOn("bf16", "bf16.enabled")) return "bf16";
    const text = String(run.config(...precisionKeys) ?? "").toLowerCase();
    if (/bf16|bfloat16/.test(text)) return "bf16";
    if (/fp16|float16|^16/.test(text)) return "fp16";
    if (/fp32|float32|^32|^no$/.test(text)) return "fp32";
    return undefined;
  },
});
