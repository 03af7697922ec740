/** Advice as text to paste, in the language in which the user of that trainer writes settings. */
import type { Advice } from "../../model/finding.ts";
import { dialects } from "../dialects/index.ts";
import { optionIds, type Dialect, type OptionId } from "../dialects/dialect.ts";
import { flags, overrides } from "./command-line.ts";
import { json, toml, yaml } from "./files.ts";
import { assignments, calls } from "./python.ts";
import { isWords } from "./scalar-text.ts";

export interface Patch {
  /** Where it is pasted, for people: "command line", "Python", "YAML". */
  readonly label: string;
  readonly language: "shell" | "python" | "yaml" | "json" | "toml";
  readonly text: string;
  /** Holds what the first form cannot, and is pasted besides it. */
  readonly isRest?: boolean;
}

/** A change whose value is known. */
export interface Setting {
  readonly key: string;
  readonly from: Advice["changes"][number]["from"];
  readonly to: Advice["changes"][number]["to"];
}

type Writer = (settings: readonly Setting[]) => string;

const commandLine = (write: Writer) => ({ label: "command line", language: "shell", write }) as const;
const python = (write: Writer) => ({ label: "Python", language: "python", write }) as const;

/** The forms of each trainer, the most usual first. What is not listed has its settings in YAML. */
const forms: Readonly<
  Record<string, readonly { readonly label: string; readonly language: Patch["language"]; readonly write: Writer }[]>
> = {
  hf: [commandLine(flags("--", " ")), python(calls("hf"))],
  trl: [commandLine(flags("--", " ")), python(calls("trl"))],
  "ms-swift": [commandLine(flags("--", " "))],
  megatron: [commandLine(flags("", " "))],
  nanogpt: [commandLine(flags("--", "="))],
  torchtune: [{ label: "YAML", language: "yaml", write: yaml }, commandLine(overrides)],
  verl: [commandLine(overrides)],
  lightning: [python(calls("lightning"))],
  keras: [python(calls("keras"))],
  deepspeed: [{ label: "DeepSpeed JSON", language: "json", write: json }],
  torchtitan: [{ label: "TOML", language: "toml", write: toml }],
  plain: [python(assignments)],
};
const inYaml = [{ label: "YAML", language: "yaml", write: yaml }] as const;

/** Trainers whose arguments know nothing of patience: it is one of the callback, and their parser refuses it. */
const withCallback: ReadonlySet<string> = new Set(["hf", "trl", "ms-swift", "llama-factory"]);
const isPatience = ({ key }: Setting): boolean => key === "early_stopping_patience";

/**
 * Every form of an advice, the most usual first; none for advice that is an action and no setting.
 * What the first form cannot hold follows as patches that are its `rest`.
 */
export function patchesOf(advice: Advice): Patch[] {
  const patches: Patch[] = [];
  const dialect = dialects.find(({ id }) => id === advice.dialect);
  const pasteable = advice.changes.filter((change) => !isWords(change.to) && !isNameless(change, advice.dialect));
  const { known, foreign } = split(pasteable, dialect);
  const callback = withCallback.has(dialect?.id ?? "") ? known.filter(isPatience) : [];
  const remarks = advice.changes.filter((change) => !pasteable.includes(change)).map(remarkOf);
  for (const { label, language, write } of forms[dialect?.id ?? "plain"] ?? inYaml) {
    const settings = language === "python" ? known : known.filter((setting) => !callback.includes(setting));
    if (settings.length === 0) continue;
    const text = [write(settings), ...(language === "json" ? [] : remarks)].join("\n");
    patches.push({ label, language, text });
  }
  // What the trainer has no option for is set where the user's own code sets it.
  const [first] = patches;
  const lines = [
    ...(callback.length === 0 || first?.language === "python" ? [] : [calls("hf")(callback)]),
    ...(foreign.length === 0 ? [] : [assignments(foreign)]),
  ];
  if (lines.length > 0)
    patches.push({
      label: "in your script",
      language: "python",
      text: lines.join("\n"),
      ...(patches.length > 0 ? { isRest: true } : {}),
    });
  if (advice.snippet !== undefined)
    patches.push({
      label: "model code",
      language: "python",
      text: advice.snippet.text,
      ...(patches.length > 0 ? { isRest: true } : {}),
    });
  return patches;
}

/** Names of ours for what scripts do in many ways: nobody's script has an option of that name unless it is set. */
const nameless: ReadonlySet<string> = new Set<OptionId>([
  "early_stopping_patience",
  "keep_best",
  "nan_filter",
  "resume",
  "skip_seen_data",
  "train_on_prompt",
  "average_loss_over_tokens",
  "trainable_modules",
  "drop_flat_groups",
  "mask_truncated",
  "overlong_penalty",
  "loss_normalisation",
  "chosen_nll_weight",
]);
const isOfDialect = new Set(
  dialects.flatMap(({ id, options }) =>
    Object.values(options).map((name) => `${id} ${typeof name === "string" ? name : name.key}`),
  ),
);

const isNameless = ({ key, from }: Setting, dialect: string | null): boolean =>
  from === null && nameless.has(key) && !isOfDialect.has(`${dialect ?? ""} ${key}`);

/** What cannot be pasted is said beside what can. */
const remarkOf = ({ key, to }: Setting): string =>
  `# by hand: ${JSON.stringify(key).slice(1, -1)}: ${typeof to === "string" ? JSON.stringify(to).slice(1, -1) : String(to)}`;

/** The most usual form; undefined for advice that is an action. */
export const patchOf = (advice: Advice): Patch | undefined => patchesOf(advice)[0];

function split(
  changes: Advice["changes"],
  dialect: Dialect | undefined,
): { readonly known: Setting[]; readonly foreign: Setting[] } {
  if (dialect === undefined || dialect.id === "plain") return { known: [...changes], foreign: [] };
  const names = new Set(
    Object.values(dialect.options).flatMap((name) =>
      typeof name === "string" ? [name] : [name.key, ...(name.also ?? [])],
    ),
  );
  // A canonical name that this trainer does not have; any other key was taken from the user's own files.
  const isForeign = ({ key }: Setting): boolean => canonical.has(key) && !names.has(key);
  return {
    known: changes.filter((change) => !isForeign(change)),
    foreign: changes.filter(isForeign),
  };
}

const canonical: ReadonlySet<string> = new Set(optionIds);
